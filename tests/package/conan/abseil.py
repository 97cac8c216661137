# The system's Abseil under Conan's names for it. The components' own needs are what pkg-config says.

import subprocess

from conan import ConanFile


class SystemAbseil(ConanFile):
    name = "abseil"
    package_type = "shared-library"

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "absl")
        self.cpp_info.bindirs = self.cpp_info.includedirs = self.cpp_info.libdirs = []
        for part in "status", "statusor", "flat_hash_map", "inlined_vector", "strings":
            component = self.cpp_info.components[f"absl_{part}"]
            component.set_property("cmake_target_name", f"absl::{part}")
            component.bindirs = component.includedirs = component.libdirs = []
            flags = subprocess.check_output(["pkg-config", "--libs-only-l", f"absl_{part}"], text=True).split()
            component.system_libs = [flag.removeprefix("-l") for flag in flags]
