# conan create packaging/conan [-o penstock/*:with_redis=True] [-o penstock/*:shared=True]
#
# Builds the tree that holds this recipe. An option with_x is a component x, as PENSTOCK_X is for CMake.

import os

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, rmdir
from conan.tools.scm import Version

required_conan_version = ">=2.9"


class Penstock(ConanFile):
    name = "penstock"
    version = "0.1.0"
    license = "Apache-2.0"
    description = "An exact, embeddable rate limiter for C++ servers"
    topics = ("rate-limiting", "throttling", "redis")

    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False], "with_redis": [True, False]}
    default_options = {"shared": False, "fPIC": True, "with_redis": False}
    implements = ["auto_shared_fpic"]

    def export_sources(self):
        root = os.path.join(self.recipe_folder, "..", "..")
        for pattern in "CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/*":
            copy(self, pattern, root, self.export_sources_folder)

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        self.requires("abseil/[>=20220623]", transitive_headers=True, transitive_libs=True)
        if self.options.with_redis:
            self.requires("hiredis/[>=0.14.1 <2]")

    def validate(self):
        check_min_cppstd(self, 20)
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("Penstock runs on Linux")
        oldest = {"gcc": "12", "clang": "14"}.get(str(self.settings.compiler))
        if oldest and Version(self.settings.compiler.version) < oldest:
            raise ConanInvalidConfiguration(f"Penstock needs {self.settings.compiler} {oldest} or later")

    def build_requirements(self):
        self.tool_requires("cmake/[>=3.23]")

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["PENSTOCK_REDIS"] = bool(self.options.with_redis)
        for option in "BUILD_TESTS", "BUILD_EXAMPLES", "BUILD_BENCHMARKS", "WERROR":
            toolchain.cache_variables[f"PENSTOCK_{option}"] = False
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()
        for folder in "lib/cmake", "lib/pkgconfig", "share":
            rmdir(self, os.path.join(self.package_folder, folder))

    # What CMake's own package says, once more, since Conan writes one of its own.
    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "penstock")

        penstock = self.cpp_info.components["penstock"]
        penstock.set_property("cmake_target_name", "penstock::penstock")
        penstock.set_property("pkg_config_name", "penstock")
        penstock.libs = ["penstock"]
        penstock.system_libs = ["pthread"]
        penstock.requires = [f"abseil::absl_{part}" for part in ("status", "statusor", "flat_hash_map", "strings")]

        if self.options.with_redis:
            redis = self.cpp_info.components["redis"]
            redis.set_property("cmake_target_name", "penstock::redis")
            redis.set_property("pkg_config_name", "penstock-redis")
            redis.libs = ["penstock_redis"]
            redis.requires = ["penstock", "abseil::absl_inlined_vector", "hiredis::hiredis"]
