# SPDX-License-Identifier: Apache-2.0
# What is installed beside the programs, and `make package`: a .deb and a .tar.gz of all of it.
# The prefix may be another one when it is installed; a package is laid out in a folder of CPack's.
install(CODE "
  set(TACHO_BINDIR \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
  if(CMAKE_INSTALL_PREFIX MATCHES _CPack_Packages)
    set(TACHO_BINDIR \"${CMAKE_INSTALL_FULL_BINDIR}\")
  endif()
  configure_file(\"${CMAKE_SOURCE_DIR}/packaging/tacho.service.in\"
                 \"${CMAKE_BINARY_DIR}/tacho.service\" @ONLY)")
install(FILES ${CMAKE_BINARY_DIR}/tacho.service DESTINATION lib/systemd/system)
install(FILES ${CMAKE_SOURCE_DIR}/packaging/tacho.sysusers DESTINATION lib/sysusers.d RENAME tacho.conf)
set(completions ${CMAKE_SOURCE_DIR}/packaging/completions)
install(FILES ${completions}/tacho.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
        RENAME tacho)
install(FILES ${completions}/_tacho DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${completions}/tacho.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(CPACK_GENERATOR TGZ DEB)
set(CPACK_PACKAGE_NAME tacho)
set(CPACK_PACKAGE_CONTACT "the tacho authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "flight recorder for machines and the jobs that run on them")
set(CPACK_PACKAGE_DESCRIPTION "Records what the machine, every process and the devices did, at almost no
 cost; shows it, and says afterwards why something failed.")
set(CPACK_RESOURCE_FILE_LICENSE ${CMAKE_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)

set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/packaging/postinst
                                       ${CMAKE_SOURCE_DIR}/packaging/prerm)
if(TACHO_ARROW_BUNDLED)  # our own copy of Arrow, where the distribution has none
  get_filename_component(arrow_folder ${arrow_library} DIRECTORY)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${arrow_folder})
endif()
include(CPack)
