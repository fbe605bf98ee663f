# What find_package(kiln) finds: include/kiln, the modules' libraries as kiln::MODULE, kiln::kiln for all that an outsider asks, the
# configs (their folder is KILN_CONFIGS to who links kiln::kiln). `cmake --install BUILD --component development` installs it alone.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

add_library(kiln_face INTERFACE)
target_link_libraries(kiln_face INTERFACE kiln::study kiln::extend)
set_target_properties(kiln_face PROPERTIES EXPORT_NAME kiln)

set(exported kiln_face kiln_flags kiln_warnings)
get_property(modules GLOBAL PROPERTY KILN_MODULES)
foreach(folder IN LISTS modules)
  string(REPLACE / _ name ${folder})
  # The command line and what it prints are no library: other programs ask `study`.
  if(NOT name MATCHES "^(cli|compare|gate|sweep|report|trace)$")
    set_target_properties(kiln_${name} PROPERTIES EXPORT_NAME ${name})
    list(APPEND exported kiln_${name})
  endif()
endforeach()

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/kiln)
install(TARGETS ${exported} EXPORT kilnTargets COMPONENT development
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/kiln COMPONENT development
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT kilnTargets NAMESPACE kiln:: DESTINATION ${package_folder} COMPONENT development)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/kiln DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
        FILES_MATCHING PATTERN *.hpp)
install(FILES ${PROJECT_SOURCE_DIR}/scripts/cmake/FindPCRE2.cmake ${PROJECT_SOURCE_DIR}/scripts/cmake/FindSystemC.cmake
              ${PROJECT_SOURCE_DIR}/scripts/cmake/FindXXHash.cmake
        DESTINATION ${package_folder} COMPONENT development)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/configs/ DESTINATION ${CMAKE_INSTALL_DATADIR}/kiln/configs COMPONENT development)

configure_package_config_file(${PROJECT_SOURCE_DIR}/scripts/cmake/kilnConfig.cmake.in ${PROJECT_BINARY_DIR}/generated/kilnConfig.cmake
  INSTALL_DESTINATION ${package_folder} PATH_VARS CMAKE_INSTALL_DATADIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/generated/kilnConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/generated/kilnConfig.cmake ${PROJECT_BINARY_DIR}/generated/kilnConfigVersion.cmake
        DESTINATION ${package_folder} COMPONENT development)
