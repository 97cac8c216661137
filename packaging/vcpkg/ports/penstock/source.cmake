# Where the port's source is: the tree that holds this port. In a registry, which packaging/vcpkg/registry makes, it is
# the commit of a release.
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../../.." ABSOLUTE)
