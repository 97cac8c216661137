# A compiler for 64-bit Arm, the libraries that tests/cross/run has unpacked, and qemu to run what they make.

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)

get_filename_component(libraries ${CMAKE_CURRENT_LIST_DIR}/../../build/cross/arm64/usr/lib/aarch64-linux-gnu ABSOLUTE)
set(absl_DIR ${libraries}/cmake/absl)
set(rapidcheck_DIR ${libraries}/cmake/rapidcheck)

set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64;-L;/usr/aarch64-linux-gnu;-E;LD_LIBRARY_PATH=${libraries})
