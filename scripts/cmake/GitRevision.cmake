# Writes OUTPUT with the git revision of SOURCE, only when it has changed. Run at every build: cmake -DSOURCE= -DOUTPUT= -P.
find_program(git git)
set(revision "unknown")
if(git AND EXISTS ${SOURCE}/.git)
  execute_process(COMMAND ${git} -C ${SOURCE} describe --always --dirty --abbrev=12 --match=none
                  OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(failed)
    set(revision "unknown")
  endif()
endif()
file(CONFIGURE OUTPUT ${OUTPUT}.new CONTENT "#pragma once\n#define KILN_GIT_REVISION \"${revision}\"\n")
file(COPY_FILE ${OUTPUT}.new ${OUTPUT} ONLY_IF_DIFFERENT)
