// Package names resolves the names of hosts, services, protocols and network interfaces. It has the
// rules of getaddrinfo(3), getnameinfo(3), gethostbyname(3) and their relatives as glibc and Python
// have them, and the files of <netdb.h>. Package sock gives them Python's names.
//
// The package asks Go's resolver and reads files. It has no socket, no loop and no number that
// differs between systems: flags are fields, and the codes of errors are its own. So package sock
// translates AI_*, NI_*, EAI_* and h_errno, and every system compiles and tests the same rules.
//
// All functions that ask the resolver or read a file block their caller. The caller checks that it
// is not on a loop.
package names
