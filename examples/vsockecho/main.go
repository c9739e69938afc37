// Vsockecho is an echo server and its client between a virtual machine and its host, or within one.
//
//	go run ./examples/vsockecho -serve any:1024       on one side: any is VMADDR_CID_ANY
//	go run ./examples/vsockecho 2:1024 Hello          in the machine: 2 is its host; 1 would be the machine itself
//
// Needs: Linux with a transport of AF_VSOCK, such as vsock_loopback.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"strings"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
)

const afVsock = 40 // AF_VSOCK, which package sock has on Linux only

func main() {
	serving := flag.String("serve", "", "be the server, at this cid:port")
	flag.Parse()
	if err := run(*serving, flag.Args()); err != nil {
		log.Fatal(err)
	}
}

func run(serving string, args []string) error {
	if serving != "" {
		ln, err := listen(serving)
		if err != nil {
			return err
		}
		name, err := ln.Getsockname()
		if err != nil {
			return err
		}
		if cid, err := sock.VsockLocalCID(); err == nil {
			fmt.Println("The CID of this system is", cid)
		}
		fmt.Println("Listening on", name)
		return serve(ln)
	}
	if len(args) < 2 {
		return errors.New("usage: vsockecho -serve CID:PORT | vsockecho CID:PORT TEXT")
	}
	answer, err := ask(args[0], strings.Join(args[1:], " "))
	if err == nil {
		fmt.Printf("Received %q\n", answer)
	}
	return err
}

func listen(at string) (*sock.Socket, error) {
	addr, err := families.Parse("vsock:" + at)
	if err != nil {
		return nil, err
	}
	ln, err := sock.New(afVsock, sock.SOCK_STREAM, 0)
	if err != nil {
		return nil, err
	}
	if err = ln.Bind(addr); err == nil {
		err = ln.Listen(sock.DefaultBacklog)
	}
	if err != nil {
		ln.Close()
		return nil, err
	}
	return ln, nil
}

// serve returns when the listener ends.
func serve(ln *sock.Socket) error {
	for {
		c, from, err := ln.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			fmt.Println("Connected by", from)
			for {
				data, err := c.Recv(4096, 0)
				if err != nil || len(data) == 0 {
					return
				}
				if _, err := c.Sendall(data, 0); err != nil {
					return
				}
			}
		}()
	}
}

// ask sends a text and returns the answer.
func ask(at, text string) (string, error) {
	addr, err := families.Parse("vsock:" + at)
	if err != nil {
		return "", err
	}
	s, err := sock.New(afVsock, sock.SOCK_STREAM, 0)
	if err != nil {
		return "", err
	}
	defer s.Close()
	if err := s.Connect(addr); err != nil {
		return "", err
	}
	if _, err := s.Sendall([]byte(text), 0); err != nil {
		return "", err
	}
	answer, err := s.Recv(len(text), sock.MSG_WAITALL)
	return string(answer), err
}
