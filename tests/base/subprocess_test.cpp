// Programs that end well, badly, by a signal or never start; where their streams lead.
#include "base/subprocess.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include "base/mapped_file.hpp"

namespace kiln::base {
namespace {

std::string scratch(const std::string& name) { return testing::TempDir() + "kiln_subprocess_" + name; }

TEST(StartProgram, ArgumentsArriveAsTheyAre) {
  const auto out = scratch("out");
  const auto program = start_program({"printf", "<%s>", "a b", "$HOME", "", "*"}, {.in = "", .out = out, .err = ""});
  ASSERT_TRUE(program.ok());
  EXPECT_TRUE(wait_for(*program).good());
  EXPECT_EQ(*read_text_file(out), "<a b><$HOME><><*>");
}

TEST(StartProgram, StreamsLeadToTheirFiles) {
  const auto in = scratch("in"), out = scratch("both"), err = scratch("err");
  ASSERT_TRUE(wait_for(*start_program({"printf", "typed"}, {.in = "", .out = in, .err = ""})).good());
  const std::vector<std::string> both = {"sh", "-c", "cat; echo -n said >&2"};
  ASSERT_TRUE(wait_for(*start_program(both, {.in = in, .out = out, .err = err})).good());
  EXPECT_EQ(*read_text_file(out), "typed");
  EXPECT_EQ(*read_text_file(err), "said");
  ASSERT_TRUE(wait_for(*start_program(both, {.in = in, .out = out, .err = ""})).good());
  EXPECT_EQ(*read_text_file(out), "typedsaid") << "written anew, with the errors in their order";
}

TEST(StartProgram, AStopInterruptsItAndItIsWaitedFor) {
  const auto sleeper = start_program({"sleep", "60"});
  ASSERT_TRUE(sleeper.ok());
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(wait_for(*sleeper, stop.get_token()).signal, SIGINT);
  EXPECT_EQ(wait_for(*start_program({"sh", "-c", "exit 7"}), std::stop_token()).status, 7);
}

TEST(StartProgram, TellsHowItEnded) {
  const ProgramEnd status = wait_for(*start_program({"sh", "-c", "exit 7"}));
  EXPECT_EQ(status.status, 7);
  EXPECT_EQ(status.signal, 0);
  EXPECT_FALSE(status.good());
  const auto sleeper = start_program({"sleep", "60"});
  ASSERT_TRUE(sleeper.ok());
  ::kill(*sleeper, SIGKILL);
  const ProgramEnd killed = wait_for(*sleeper);
  EXPECT_EQ(killed.signal, SIGKILL);
  EXPECT_FALSE(killed.good());
}

TEST(StartProgram, SaysWhatCannotBeStarted) {
  EXPECT_EQ(start_program({"/no/such/program"}).error().message,
            "/no/such/program: cannot be started: No such file or directory");
  EXPECT_FALSE(start_program({"true"}, {.in = "/no/such/file", .out = "", .err = ""}).ok());
}

TEST(StartProgram, OwnSession) {
  const auto out = scratch("session");
  const std::vector<std::string> session = {"sh", "-c", "set -- $(cat /proc/$$/stat); test $6 -eq $1"};
  ProgramStreams streams{.in = "/dev/null", .out = out, .err = ""};
  EXPECT_FALSE(wait_for(*start_program(session, streams)).good());
  streams.own_session = true;
  EXPECT_TRUE(wait_for(*start_program(session, streams)).good());
}

TEST(OnPath, LooksWhereTheShellWould) {
  EXPECT_TRUE(on_path("sh"));
  EXPECT_TRUE(on_path("/bin/sh"));
  EXPECT_FALSE(on_path("kiln-no-such-program"));
  EXPECT_FALSE(on_path("/no/such/program"));
}

TEST(RunProgram, SaysWhichProgramIsMissingAndWhatItIsFor) {
  const std::string log = testing::TempDir() + "program.log";
  EXPECT_EQ(run_program({"kiln-no-such-program"}, log, "it would be needed").error().message,
            "kiln-no-such-program is not on this machine (no folder of PATH has it); it would be needed");
  const auto failed = run_program({"ls", "/no/such/folder"}, log, "");
  ASSERT_FALSE(failed.ok());
  EXPECT_NE(failed.error().message.find("ls ended with status 2"), std::string::npos) << failed.error().message;
  EXPECT_NE(failed.error().message.find("/no/such/folder"), std::string::npos);
  EXPECT_TRUE(run_program({"true"}, log, "").ok());
}

}  // namespace
}  // namespace kiln::base
