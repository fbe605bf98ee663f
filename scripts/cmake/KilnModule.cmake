# kiln_module(NAME [DEPS modules...] [LIBS targets...] [PRIVATE_LIBS targets...])
# One module: src/NAME has its sources and the headers that other modules may include, include/kiln/NAME what people outside may, tests/NAME
# its tests. NAME may be a folder in a folder (chip/timing: target kiln_chip_timing). A module without sources yet is an interface library.

add_library(kiln_flags INTERFACE)
# One arithmetic on every host: no contraction of a*b+c, never -ffast-math, never -march=native.
target_compile_options(kiln_flags INTERFACE -ffp-contract=off)
target_compile_definitions(kiln_flags INTERFACE KILN_VERSION="${PROJECT_VERSION}")
if(KILN_SANITIZE)
  target_compile_options(kiln_flags INTERFACE -fsanitize=${KILN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(kiln_flags INTERFACE -fsanitize=${KILN_SANITIZE})
endif()
if(KILN_FUZZ STREQUAL "ON")
  # Edges and comparisons are told to the fuzzer that a target links (tests/fuzz), but of what has the property KILN_NO_EDGES: what
  # a target's own options took back, these would put on again.
  target_compile_options(kiln_flags INTERFACE $<$<NOT:$<BOOL:$<TARGET_PROPERTY:KILN_NO_EDGES>>>:-fsanitize=fuzzer-no-link>)
endif()
if(KILN_COVERAGE)
  # Threads share the counters, and some updates are lost: a count may be wrong, even negative, which gcovr is told to ignore. Atomic
  # updates take a floorplan 235 ms under asan, these 31, none 13.
  target_compile_options(kiln_flags INTERFACE "$<$<NOT:$<BOOL:$<TARGET_PROPERTY:KILN_NO_LINES>>>:--coverage;-fprofile-update=single>")
  target_link_options(kiln_flags INTERFACE --coverage)
endif()

add_library(kiln_warnings INTERFACE)
target_compile_options(kiln_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                       $<$<BOOL:${KILN_WERROR}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 sees overlapping copies in std::string's operator+ that are not there (its bug 105329).
  # At -O3, over a whole module, it also sees members unset in a std::variant that is moved (105593 and its kin).
  target_compile_options(kiln_warnings INTERFACE -Wno-restrict $<$<CONFIG:Release>:-Wno-maybe-uninitialized>)
endif()

# Headers cost more than the code itself: compiled as one unit, a target's sources share them. So a name may mean one thing only in a
# module, anonymous namespaces included. The preset dev compiles file by file and finds missing includes.
# A file for one instruction set stays on its own: its intrinsics and its fallbacks are chosen by a whole file's flags.
function(kiln_unity target)
  if(KILN_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
    foreach(source IN LISTS ARGN)
      if(source MATCHES "_avx(2|512)\\.cpp$")
        set_source_files_properties(${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
      endif()
    endforeach()
  endif()
endfunction()

function(kiln_module folder)
  cmake_parse_arguments(arg "" "" "DEPS;LIBS;PRIVATE_LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${folder}/*.cpp)
  string(REPLACE / _ name ${folder})
  string(REPLACE / _ arg_DEPS "${arg_DEPS}")
  list(TRANSFORM arg_DEPS PREPEND kiln::)
  if(sources)
    add_library(kiln_${name} STATIC ${sources})
    kiln_unity(kiln_${name} ${sources})
    target_include_directories(kiln_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                               $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>)
    target_link_libraries(kiln_${name} PUBLIC kiln_flags ${arg_DEPS} ${arg_LIBS}
                          PRIVATE kiln_warnings ${arg_PRIVATE_LIBS})
  else()
    add_library(kiln_${name} INTERFACE)
    target_include_directories(kiln_${name} INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)
    target_link_libraries(kiln_${name} INTERFACE kiln_flags ${arg_DEPS} ${arg_LIBS} ${arg_PRIVATE_LIBS})
  endif()
  add_library(kiln::${name} ALIAS kiln_${name})
  set_property(GLOBAL APPEND PROPERTY KILN_MODULES ${folder})
  set_property(GLOBAL PROPERTY KILN_PRIVATE_LIBS_${name} "${arg_PRIVATE_LIBS}")
endfunction()

# src/FOLDER/FILE.proto as C++, which is nobody's to warn of; its header is included by its own name.
function(kiln_protobuf folder file)
  set(generated ${PROJECT_BINARY_DIR}/generated/${folder})
  file(MAKE_DIRECTORY ${generated})
  get_filename_component(name ${file} NAME_WE)
  add_custom_command(OUTPUT ${generated}/${name}.pb.cc ${generated}/${name}.pb.h
                     COMMAND protobuf::protoc --proto_path=${PROJECT_SOURCE_DIR}/src/${folder} --cpp_out=${generated} ${file}
                     DEPENDS ${PROJECT_SOURCE_DIR}/src/${folder}/${file} VERBATIM)
  set_source_files_properties(${generated}/${name}.pb.cc PROPERTIES COMPILE_OPTIONS -w SKIP_UNITY_BUILD_INCLUSION ON)
  target_sources(kiln_${folder} PRIVATE ${generated}/${name}.pb.cc ${generated}/${name}.pb.h)
  target_include_directories(kiln_${folder} SYSTEM PRIVATE ${generated})
endfunction()
