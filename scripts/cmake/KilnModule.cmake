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
if(KILN_COVERAGE)
  # Counters are shared by threads; without atomic updates gcov meets negative counts.
  target_compile_options(kiln_flags INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(kiln_flags INTERFACE --coverage)
endif()

add_library(kiln_warnings INTERFACE)
target_compile_options(kiln_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                       $<$<BOOL:${KILN_WERROR}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 sees overlapping copies in std::string's operator+ that are not there (its bug 105329).
  target_compile_options(kiln_warnings INTERFACE -Wno-restrict)
endif()

function(kiln_module folder)
  cmake_parse_arguments(arg "" "" "DEPS;LIBS;PRIVATE_LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${folder}/*.cpp)
  string(REPLACE / _ name ${folder})
  string(REPLACE / _ arg_DEPS "${arg_DEPS}")
  list(TRANSFORM arg_DEPS PREPEND kiln::)
  if(KILN_UNITY)
    # Names in anonymous namespaces that meet others of the module.
    foreach(f config/tech_schema config/economics_schema jinja/functions jinja/signatures jinja/evaluate tokenizer/vocabulary numerics/packing numerics/rms_norm numerics/matrix_avx2 numerics/matrix_avx512 numerics/attention_avx512 numerics/sigmoid_avx512 checkpoint/lora checkpoint/safetensors bake/hadamard chip/statistics/trace_spans functional/by_tile floorplan/ways cost/tile cost/units cost/wafer cost/money)
      set_source_files_properties(${PROJECT_SOURCE_DIR}/src/${f}.cpp PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    endforeach()
  endif()
  if(sources)
    add_library(kiln_${name} STATIC ${sources})
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
