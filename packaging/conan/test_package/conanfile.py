# A server that a stranger wrote, from tests/package/consumer.

import os

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, cmake_layout


class Consumer(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeDeps", "CMakeToolchain"

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self)

    def build(self):
        components = "redis" if self.dependencies["penstock"].options.with_redis else ""
        cmake = CMake(self)
        cmake.configure(
            variables={"HOW": "find_package", "COMPONENTS": components},
            build_script_folder=os.path.join(self.recipe_folder, "..", "..", "..", "tests", "package", "consumer"),
        )
        cmake.build()

    def test(self):
        if can_run(self):
            self.run(os.path.join(self.cpp.build.bindir, "consumer"), env="conanrun")
