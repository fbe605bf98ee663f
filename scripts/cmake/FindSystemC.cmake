# SystemC::SystemC from the package SystemC installs itself (2.3.4 and later built with CMake), or, as on
# Debian 12, from the plain library and headers.
find_package(SystemCLanguage CONFIG QUIET)
if(SystemCLanguage_FOUND)
  if(NOT TARGET SystemC::SystemC)
    add_library(SystemC::SystemC ALIAS SystemC::systemc)
  endif()
  set(SystemC_FOUND TRUE)
  return()
endif()
find_path(SystemC_INCLUDE_DIR sysc/kernel/sc_ver.h)
find_library(SystemC_LIBRARY systemc)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(SystemC REQUIRED_VARS SystemC_LIBRARY SystemC_INCLUDE_DIR)
if(SystemC_FOUND AND NOT TARGET SystemC::SystemC)
  add_library(SystemC::SystemC UNKNOWN IMPORTED)
  set_target_properties(SystemC::SystemC PROPERTIES
    IMPORTED_LOCATION ${SystemC_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${SystemC_INCLUDE_DIR}
    # Debian's library was built as C++17 and checks that at link time; a C++20 program has to say so.
    INTERFACE_COMPILE_DEFINITIONS SC_CPLUSPLUS=201703L)
endif()
mark_as_advanced(SystemC_INCLUDE_DIR SystemC_LIBRARY)
