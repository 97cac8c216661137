#!/usr/bin/env python3
# agreement_test.py ROOT WORK: tells each lie that agreement.py should notice, in a copy of what it reads.

import shutil
import subprocess
import sys
from pathlib import Path

root, work = Path(sys.argv[1]), Path(sys.argv[2])
checker = Path(__file__).with_name("agreement.py")
manifest, port = "packaging/vcpkg/ports/penstock/vcpkg.json", "packaging/vcpkg/ports/penstock/portfile.cmake"
conan = "packaging/conan/conanfile.py"
lies = [
    (None, "", ""),
    ("CMakeLists.txt", "VERSION 0.1.0", "VERSION 0.2.0"),
    ("CMakeLists.txt", "penstock_component(REDIS", "penstock_component(VALKEY"),
    ("CMakeLists.txt", "add_library(penstock::redis ALIAS", "add_library(penstock::valkey ALIAS"),
    ("cmake/PenstockOptions.cmake", "option(PENSTOCK_BUILD_TESTS", "option(PENSTOCK_TESTS"),
    ("cmake/PenstockInstall.cmake", "AS penstock-redis", "AS penstock_redis"),
    ("cmake/penstockConfig.cmake.in", '"redis" IN_LIST', '"valkey" IN_LIST'),
    ("cmake/PenstockDebian.cmake", "libpenstock-redis-dev SECTION", "libpenstock_redis-dev SECTION"),
    ("cmake/PenstockDebian.cmake", "penstock_deb(penstock_redis_runtime", "message(STATUS"),
    ("packaging/debian/changelog", "(0.1.0)", "(0.1.1)"),
    (manifest, '"redis": {', '"valkey": {'),
    (manifest, '"version": "0.1.0"', '"version": "0.1.1"'),
    (manifest, '  "name": "penstock",\n  "version": "0.1.0",\n', '  "version": "0.1.0",\n  "name": "penstock",\n'),
    (manifest, '  "features": {', '  "default-features": ["redis"],\n  "features": {'),
    (manifest, '    "abseil",', '\t"abseil",'),
    (manifest, '"supports"', '"support"'),
    (port, "redis PENSTOCK_REDIS", "redis PENSTOCK_VALKEY"),
    (port, "PENSTOCK_BUILD_TESTS", "PENSTOCK_BUILD_TEST"),
    ("packaging/vcpkg/ports/penstock/usage", "penstock::redis", "penstock::valkey"),
    (conan, '"penstock::redis"', '"penstock::valkey"'),
    (conan, '"with_redis": [True, False]', '"redis": [True, False]'),
    (conan, '"with_redis": False', '"with_redis": True'),
    (conan, '"WERROR"', '"WARNINGS"'),
    (conan, '"penstock-redis"', '"penstock_redis"'),
]

failed = 0
for file, truth, lie in lies:
    shutil.rmtree(work, ignore_errors=True)
    for part in "CMakeLists.txt", "cmake", "packaging":
        if (root / part).is_dir():
            shutil.copytree(root / part, work / part)
        else:
            work.mkdir(parents=True)
            shutil.copy(root / part, work / part)
    if file:
        text = (work / file).read_text()
        if truth not in text:
            print(f"{file} does not say: {truth}", file=sys.stderr)
            failed += 1
        (work / file).write_text(text.replace(truth, lie))
    said = subprocess.run([sys.executable, checker, work], stderr=subprocess.PIPE, text=True).stderr
    if bool(said) != bool(file):
        print(f"{file}: '{lie}' instead of '{truth}': {said or 'not noticed'}", file=sys.stderr)
        failed += 1
sys.exit(failed != 0)
