# What `cmake --install` lays down, and the package that find_package(overlap) finds.
include(CMakePackageConfigHelpers)

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/overlap" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS overlap overlap_http EXPORT overlapTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT overlapTargets NAMESPACE overlap:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/overlap)

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/overlapConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/overlapConfig.cmake" INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/overlap)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/overlapConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/overlapConfig.cmake" "${PROJECT_BINARY_DIR}/overlapConfigVersion.cmake"
        "${PROJECT_SOURCE_DIR}/cmake/FindCAres.cmake"
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/overlap)

if(OVERLAP_BUILD_TOOL)
  install(TARGETS overlap_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  if(TARGET overlap_manual)
    install(DIRECTORY "${PROJECT_BINARY_DIR}/share/" DESTINATION ${CMAKE_INSTALL_DATADIR})
  endif()
endif()
