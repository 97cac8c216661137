# The system's hiredis under Conan's names for it.

from conan import ConanFile


class SystemHiredis(ConanFile):
    name = "hiredis"
    package_type = "shared-library"

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "hiredis")
        hiredis = self.cpp_info.components["hiredis"]
        hiredis.set_property("cmake_target_name", "hiredis::hiredis")
        hiredis.bindirs = hiredis.includedirs = hiredis.libdirs = []
        hiredis.system_libs = ["hiredis"]
