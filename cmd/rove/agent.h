/*
 * `rove agent`: starts the daemons that a machine needs as children, prints
 * one merged log, and stops them all when it is told to.
 *
 * It reads the configuration that `nomad agent` reads, writes each daemon its
 * own config file, and starts <daemon> -f <file> -P, found beside this
 * program or in PATH. All start at once: each bears the others' absence. A
 * daemon that dies is started again (children.h). SIGHUP reads the files
 * again; SIGINT and SIGTERM stop the daemons, the last first; another one, a
 * second or more after the first, does not wait for them.
 *
 * -dev keeps everything in a directory of its own under TMPDIR, which goes
 * with it (agent_dirs.h), as do its tasks, however it is stopped.
 */
#ifndef ROVE_AGENT_H
#define ROVE_AGENT_H

/* argv[0] is the command's name. Returns the exit status: 0 stopped, 1 for
 * what is wrong with the configuration, the machine, or a daemon. */
int rove_agent(int argc, char **argv);

#endif
