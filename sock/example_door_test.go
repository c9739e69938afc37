package sock_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// Dial makes a client of any family from the text of an address, and Listen makes a server.
func ExampleDial() {
	for _, address := range []string{"tcp:127.0.0.1:0", "udp:127.0.0.1:0"} {
		server, err := sock.Listen(address, nil)
		if err != nil {
			log.Fatal(err)
		}
		defer server.Close()
		at, err := server.Getsockname()
		if err != nil {
			log.Fatal(err)
		}
		network, _, _ := strings.Cut(address, ":")
		client, err := sock.Dial(network+":"+at.String(), &sock.ConnectionConfig{Timeout: sock.Within(5 * time.Second)})
		if err != nil {
			log.Fatal(err)
		}
		defer client.Close()
		peer, err := client.Getpeername()
		fmt.Println(network, peer == at, err)
	}
	// Output:
	// tcp true <nil>
	// udp true <nil>
}

// bufio, fmt and encoding/json read and write a socket. Here they do so in a task on the loop.
func ExampleSocket_Read() {
	a, b, err := sock.Pair(-1, -1, -1)
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	r, err := loop.Default()
	if err != nil {
		log.Fatal(err)
	}
	answers := r.Next().Go(func(t *loop.Task) {
		s := b.In(t)
		defer s.Close()
		for lines := bufio.NewScanner(s); lines.Scan(); {
			json.NewEncoder(s).Encode(strings.ToUpper(lines.Text()))
		}
	})
	fmt.Fprintln(a, "hello")
	fmt.Fprintln(a, "world")
	a.Shutdown(sock.SHUT_WR)
	io.Copy(os.Stdout, a)
	fmt.Println(answers.Wait(context.Background()))
	// Output:
	// "HELLO"
	// "WORLD"
	// <nil>
}

// Write sends all of its argument. Read returns io.EOF at the end of the stream.
func ExampleSocket_Write() {
	a, b, err := sock.Pair(-1, -1, -1)
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	n, err := a.Write([]byte("all of it"))
	fmt.Println(n, err)
	a.Close()
	p, err := io.ReadAll(b)
	fmt.Printf("%s %v\n", p, err)
	_, err = b.Read(make([]byte, 1))
	fmt.Println(err)
	// Output:
	// 9 <nil>
	// all of it <nil>
	// EOF
}

// io.Copy copies one socket to another, as a proxy does.
func ExampleSocket_ReadFrom() {
	client, front, err := sock.Pair(-1, -1, -1)
	if err != nil {
		log.Fatal(err)
	}
	back, server, err := sock.Pair(-1, -1, -1)
	if err != nil {
		log.Fatal(err)
	}
	client.Write([]byte("through the proxy"))
	client.Close()
	n, err := io.Copy(back, front)
	back.Close()
	front.Close()
	fmt.Println(n, err)
	io.Copy(os.Stdout, server)
	server.Close()
	// Output:
	// 17 <nil>
	// through the proxy
}

// A File continues after a timeout, without losing a byte.
func ExampleFile() {
	a, b, err := sock.Pair(-1, -1, -1)
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	defer b.Close()
	f, err := b.Makefile("rw", -1)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	b.SetTimeout(time.Millisecond)
	a.Write([]byte("the first half, "))
	half, err := f.ReadString('\n')
	fmt.Printf("%q %v\n", half, errors.Is(err, os.ErrDeadlineExceeded))
	a.Write([]byte("and the second\n"))
	rest, err := f.With(context.Background()).ReadString('\n')
	fmt.Printf("%q %v\n", rest, err)
	// Output:
	// "the first half, " true
	// "and the second\n" <nil>
}

// A program can ask for the kind of a bad argument, and need not compare the text.
func ExampleArgKind() {
	err := sock.SetDefaultTimeout(-1)
	fmt.Println(errors.Is(err, sock.ArgRange), errors.Is(err, sock.ArgSyntax))
	_, err = sock.Dial("tcp://127.0.0.1:80", nil)
	fmt.Println(errors.Is(err, sock.ArgSyntax), err)
	// Output:
	// true false
	// true dial: not a URL: write tcp:127.0.0.1:80 (address is "tcp://127.0.0.1:80")
}
