// Fdpass passes descriptors from one process to another. It opens the files in its arguments and
// sends them, already open, to a second process, which prints the first line of each. The second
// process could not open them, and does not know their names.
//
//	$ go run ./examples/fdpass /etc/hostname
//	process 4321 opened /etc/hostname as 5
//	process 4328 got it as 3, and reads "debian"
//
// In Python: socket.send_fds and socket.recv_fds. It runs on Unix systems.
//
// Needs: a Unix system.
package main

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"os/exec"

	"github.com/polluxio/pollux/sock"
)

const inherited = 3 // the number of the first file in exec.Cmd.ExtraFiles

func main() {
	switch {
	case len(os.Args) == 1:
		log.Fatal("usage: fdpass FILE...")
	case os.Args[1] == "-reader":
		reader()
		return
	}
	// Each datagram of such a pair carries one file.
	ours, theirs, err := sock.Pair(sock.AF_UNIX, sock.SOCK_SEQPACKET, 0)
	check(err)
	self, err := os.Executable()
	check(err)
	other := exec.Command(self, "-reader")
	other.Stdout, other.Stderr = os.Stdout, os.Stderr
	other.ExtraFiles = []*os.File{os.NewFile(uintptr(theirs.Detach()), "socket")}
	check(other.Start())
	check(other.ExtraFiles[0].Close())

	for _, name := range os.Args[1:] {
		f, err := os.Open(name)
		check(err)
		fmt.Printf("process %d opened %s as %d\n", os.Getpid(), name, f.Fd())
		_, err = ours.SendFds([][]byte{[]byte("a file")}, []int{int(f.Fd())}, 0)
		check(err)
		check(f.Close())         // the message holds it
		_, err = ours.Recv(1, 0) // waits until the second process has printed
		check(err)
	}
	check(ours.Close())
	check(other.Wait())
}

// reader runs in the second process.
func reader() {
	s, err := sock.Adopt(inherited, -1, -1, -1)
	check(err)
	for {
		data, fds, _, _, err := s.RecvFds(100, 1, 0)
		check(err)
		if len(data) == 0 {
			return // the first process has closed its end
		}
		f := os.NewFile(uintptr(fds[0]), "")
		line, _, _ := bufio.NewReader(f).ReadLine()
		fmt.Printf("process %d got it as %d, and reads %q\n", os.Getpid(), fds[0], line)
		check(f.Close())
		_, err = s.Send([]byte{1}, 0)
		check(err)
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
