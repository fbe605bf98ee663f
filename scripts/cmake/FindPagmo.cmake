# Pagmo::Pagmo
# Without its own package file, which wants Boost's and Eigen's as well: their headers are beside pagmo's.
find_path(Pagmo_INCLUDE_DIR pagmo/pagmo.hpp)
find_library(Pagmo_LIBRARY pagmo)
find_library(Pagmo_TBB_LIBRARY tbb)
find_library(Pagmo_SERIALIZATION_LIBRARY boost_serialization)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Pagmo REQUIRED_VARS Pagmo_LIBRARY Pagmo_TBB_LIBRARY Pagmo_SERIALIZATION_LIBRARY Pagmo_INCLUDE_DIR)
if(Pagmo_FOUND AND NOT TARGET Pagmo::Pagmo)
  add_library(Pagmo::Pagmo UNKNOWN IMPORTED)
  set_target_properties(Pagmo::Pagmo PROPERTIES IMPORTED_LOCATION ${Pagmo_LIBRARY}
    INTERFACE_LINK_LIBRARIES "${Pagmo_SERIALIZATION_LIBRARY};${Pagmo_TBB_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES ${Pagmo_INCLUDE_DIR})
endif()
mark_as_advanced(Pagmo_INCLUDE_DIR Pagmo_LIBRARY Pagmo_TBB_LIBRARY Pagmo_SERIALIZATION_LIBRARY)
