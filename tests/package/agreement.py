#!/usr/bin/env python3
# agreement.py ROOT: every way to package Penstock calls it the same, and offers what CMake offers.

import json
import re
import sys
from pathlib import Path

root = Path(sys.argv[1])
wrong = []


def read(path):
    return (root / path).read_text()


def same(what, expected, **found):
    for where, value in found.items():
        if value != expected:
            wrong.append(f"{what}: CMake says {expected}, but {where} {value}")


def every(pattern, text):
    return sorted(set(re.findall(pattern, text, re.MULTILINE)))


cmake = read("CMakeLists.txt")
install = read("cmake/PenstockInstall.cmake")
port = read("packaging/vcpkg/ports/penstock/portfile.cmake")
manifest_text = read("packaging/vcpkg/ports/penstock/vcpkg.json")
manifest = json.loads(manifest_text)
conan = read("packaging/conan/conanfile.py")
config = read("cmake/penstockConfig.cmake.in")
debian = read("packaging/debian/changelog")
cpack = read("cmake/PenstockDebian.cmake")

version, description = re.search(r'^project\(penstock VERSION (\S+) DESCRIPTION "([^"]*)"', cmake, re.MULTILINE).groups()
same("version", version,
     vcpkg=manifest["version"],
     conan=every(r'^    version = "(.*)"', conan)[0],
     debian=re.match(r"penstock \((.*)\) ", debian).group(1).split("-")[0])
same("description", description,
     vcpkg=manifest["description"],
     conan=every(r'^    description = "(.*)"', conan)[0])

# Optional components, by the name of their option.
components = sorted(name.lower() for name in every(r"^penstock_component\((\w+)", cmake))
same("components", components,
     vcpkg_features=sorted(manifest.get("features", {})),
     vcpkg_portfile=every(r"^    (\w+) PENSTOCK_\w+$", port),
     conan_options=every(r'"with_(\w+)": \[True, False\]', conan),
     conan_components=[c for c in every(r'components\["(\w+)"\]', conan) if c != "penstock"],
     config_file=every(r'"(\w+)" IN_LIST penstock_FIND_COMPONENTS', config))
same("options that a user of vcpkg can turn", [f"{c} PENSTOCK_{c.upper()}" for c in components],
     portfile=every(r"^    (\w+ PENSTOCK_\w+)$", port))
if "default-features" in manifest:
    wrong.append("vcpkg.json: no feature is on by default")
if re.search(r'"with_\w+": True', conan):
    wrong.append("conanfile.py: no component is on by default")

# Options that are set are there.
options = every(r"^option\((PENSTOCK_\w+)", read("cmake/PenstockOptions.cmake"))
options += [f"PENSTOCK_{c.upper()}" for c in components]
for where, used in (
    ("portfile.cmake", every(r"-D(PENSTOCK_\w+)=", port)),
    ("conanfile.py", [f"PENSTOCK_{o}" for o in every(r'"((?:BUILD_)?[A-Z]+)"', re.search(r"for option in (.*):", conan).group(1))]),
):
    for option in used:
        if option not in options:
            wrong.append(f"{where}: CMake has no option {option}")

# Names to link with.
targets = every(r"^ *add_library\((penstock::\w+) ALIAS", cmake)
same("targets", targets, conan=every(r'"cmake_target_name", "([^"]+)"', conan))
parts = sorted("penstock" if t == "penstock::penstock" else t.replace("::", "-") for t in targets)
same("modules of pkg-config", parts,
     install=every(r" AS ([\w-]+) TARGETS_FILE", install),
     conan=every(r'"pkg_config_name", "([^"]+)"', conan))
same("Debian packages", sorted(f"lib{part}-dev" for part in parts), cpack=every(r"^ *penstock_deb\(\w+_development ([\w-]+)", cpack))
same("Debian packages", sorted(f"lib{part}${{soname}}" for part in parts), cpack=every(r"^ *penstock_deb\(\w+_runtime (\S+)", cpack))
for target in targets:
    if target not in read("packaging/vcpkg/ports/penstock/usage"):
        wrong.append(f"vcpkg's usage does not name {target}")

# As `vcpkg format-manifest` writes it: these keys in this order, dependencies and features by name, two spaces.
order = ["name", "version", "port-version", "maintainers", "summary", "description", "homepage", "documentation",
         "license", "supports", "dependencies", "default-features", "features"]
inner = ["name", "description", "host", "default-features", "features", "platform", "version>=", "dependencies"]


def canonical(value, keys=order):
    if isinstance(value, dict):
        unknown = set(value) - set(keys)
        if unknown:
            wrong.append(f"vcpkg.json: {sorted(unknown)} is no key of its place")
        return {key: canonical_part(key, value[key]) for key in keys if key in value}
    return value


def canonical_part(key, value):
    if key == "features":
        return {name: canonical(value[name], inner) for name in sorted(value)}
    if key == "dependencies":
        return [canonical(v, inner) for v in sorted(value, key=lambda v: v if isinstance(v, str) else v["name"])]
    return value


if json.dumps(canonical(manifest), indent=2) + "\n" != manifest_text:
    wrong.append("vcpkg.json is not as `vcpkg format-manifest` would write it")

for line in wrong:
    print(line, file=sys.stderr)
sys.exit(bool(wrong))
