// SPDX-License-Identifier: Apache-2.0
// The commands that `tacho` itself runs, one file each. Every other command is the reader's.
#pragma once

namespace tacho {

// Each parses its own arguments (argv[0] is the command's name) and returns the exit status.
int command_complete(int argc, char** argv);  // for shells
int command_config(int argc, char** argv);
int command_doctor(int argc, char** argv);
int command_mark(int argc, char** argv);
int command_ps(int argc, char** argv);
int command_record(int argc, char** argv);
int command_run(int argc, char** argv);
int command_snapshot(int argc, char** argv);
int command_system_tracer(int argc, char** argv);
int command_tables(int argc, char** argv);

}  // namespace tacho
