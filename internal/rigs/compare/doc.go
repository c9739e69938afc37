// Command compare runs each situation twice: with a raw blocking system call on a thread of its
// own, and through pollux, in a goroutine, with a context, in a task, as a future and in a
// callback. It compares the result, the errno, the bytes, and whether the call ended at all.
//
//	go run ./internal/rigs/compare            every row that this kernel has; exit with 1 at a difference
//	go run ./internal/rigs/compare -v         and what came out of each
//	go run ./internal/rigs/compare -run tcp   the rows whose names match
//	go run ./internal/rigs/compare -systems   how the other systems differ, from their manuals: internal/systems
//	go test ./internal/rigs/compare           the same, as a test
//	internal/rigs/run ./internal/rigs/compare some kinds, in the machine whose kernel has the other families
//
// In the machine FAMILIES_COMPARE is the regular expression of -run, and "." is everything: ten
// minutes, so give RIG_TIMEOUT=1200 and -timeout 20m. The rows of one kind at a time run there. A
// kind that a kernel cannot run has a line in kinds.go (kernelFaults); RIG_KERNEL=6.12-amd64 is
// another kernel.
//
// A row is a kind of socket (kinds.go), an operation (operations.go) and a circumstance
// (circumstances.go): what is there before the call, and what happens while it waits. A difference
// that is meant stands in meant.go with its reason. One that does not stand there is a failure, and
// so is an entry without a difference.
//
// # What is not a row
//
// Every kind is crossed with every operation and every circumstance, except these:
//
//	kind                 operation            circumstance            why
//	SCO                  all                  all                     one voice connection at a time; families/bluetooth_test.go has it in every way to wait
//	ALG hash, aead, rng  all                  all                     they never wait
//	VSOCK datagrams      all                  all                     no transport of a rig has them
//	streams              recvmmsg, sendmmsg   all                     a batch keeps messages apart
//	messages             WAITALL, OOB,        all                     the kernel ignores the flags, or refuses them at once
//	                     sendfile
//	not connected        send, sendall        all                     they have no address; sendto and sendmsg have
//	all but TCP          FASTOPEN             all                     TCP only
//	datagrams, raw       accept, connect      all                     a connect only sets the address, at once
//	all                  DONTWAIT, ERRQUEUE   what happens meanwhile  the kernel does not wait
//	later (kinds.go)     DONTWAIT             all                     nothing tells when the other end has it
//	CAN, packet, ALG,    all                  shutdown                EOPNOTSUPP; the program finds out which (learn)
//	netlink, QRTR, RDS
//	UDP, raw, packet,    sends                full                    the kernel drops and never waits; found out too
//	CAN on vcan, QRTR
//	L2CAP                sends                full                    without flow control the kernel throws away what the peer has no room for
//	TIPC                 sends                full, shut down RDWR    the shutdown itself waits for 8 seconds
//	TCP                  connect              backlog full, drained   the SYN is sent again after a second, longer than a row may take
//	all                  connect              a signal                the kernel's call goes on, and another says EALREADY: no call to compare with
//	all                  all                  close by this program   the kernel's call keeps the socket and waits on; pollux ends with net.ErrClosed (sock/close_test.go)
//	all but inet         all                  the address vanishes    their addresses belong to the socket
//	inet                 all                  the address vanishes    in the machine only: the addresses are those of all programs
//	CAN                  all                  the bus goes down       likewise
//	all but IPv4         all                  unreachable, ICMP       TCP, MPTCP and UDP have the rows, as root (unreachable.go); the others pass the errors on in the same way
//	ALG, CAN, packet,    all                  in two parts, more      their messages have a form
//	HCI, raw                                  than there is room for
//	all                  all                  SO_LINGER on this end   it changes close(2) only (sock/linger_linux_test.go)
package main
