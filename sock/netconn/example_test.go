package netconn_test

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/netconn"
)

// Listen and Dial are those of package net, for every family.
func ExampleListen() {
	ln, err := netconn.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer ln.Close()
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		line, _ := bufio.NewReader(c).ReadString('\n')
		fmt.Fprintf(c, "you said %s", line)
	}()
	c, err := netconn.Dial("tcp", ln.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintln(c, "hello")
	answer, err := io.ReadAll(c)
	fmt.Printf("%q %v\n", answer, err)
	// Output: "you said hello\n" <nil>
}

// A Listener is a net.Listener, so net/http serves on it.
func ExampleListener() {
	ln, err := netconn.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.URL.Path)
	})}
	go server.Serve(ln)
	defer server.Close()
	client := http.Client{Transport: &http.Transport{DialContext: new(netconn.Dialer).DialContext, DisableKeepAlives: true}}
	resp, err := client.Get("http://" + ln.Addr().String() + "/path")
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	fmt.Printf("%s %v\n", body, err)
	// Output: /path <nil>
}

// New wraps a socket of any kind as a net.Conn. Both can be used: Conn.Socket returns the socket.
func ExampleNew() {
	a, b, err := sock.Pair(-1, -1, -1)
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	c, err := netconn.New(a)
	if err != nil {
		log.Fatal(err)
	}
	var conn net.Conn = c
	fmt.Fprint(conn, "hello")
	conn.Close()
	data, err := io.ReadAll(b)
	fmt.Printf("%q %v\n", data, err)
	// Output: "hello" <nil>
}

// ListenPacket makes a net.PacketConn.
func ExampleListenPacket() {
	p, err := netconn.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	c, err := netconn.Dial("udp", p.LocalAddr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "a datagram")
	buf := make([]byte, 1500)
	n, from, err := p.ReadFrom(buf)
	fmt.Printf("%q %v %v\n", buf[:n], from.String() == c.LocalAddr().String(), err)
	// Output: "a datagram" true <nil>
}
