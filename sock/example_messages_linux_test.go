package sock_test

import (
	"fmt"
	"io"
	"log"
	"os"
	"syscall"

	"github.com/polluxio/pollux/sock"
)

// A descriptor goes to another process in ancillary data. Its number is another one there.
func ExampleSocket_Recvmsg() {
	a, b, err := sock.Pair(sock.AF_UNIX, sock.SOCK_STREAM, 0)
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	defer b.Close()
	r, w, err := os.Pipe()
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	rights := sock.Rights{int(w.Fd())}
	if _, err := a.Sendmsg([][]byte{[]byte("a pipe")}, []sock.Control{rights.Control()}, 0, sock.Addr{}); err != nil {
		log.Fatal(err)
	}

	room, err := sock.CMSG_SPACE(4) // one descriptor is an int of C
	if err != nil {
		log.Fatal(err)
	}
	data, ancillary, _, _, err := b.Recvmsg(100, room, sock.MSG_CMSG_CLOEXEC)
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range ancillary {
		got, ok := c.Rights()
		fmt.Printf("%q %d %v\n", data, len(got), ok)
		for _, fd := range got {
			syscall.Write(fd, []byte("through the pipe"))
			syscall.Close(fd)
		}
	}
	buf := make([]byte, 100)
	n, err := r.Read(buf)
	fmt.Printf("%q %v\n", buf[:n], err)
	// Output:
	// "a pipe" 1 true
	// "through the pipe" <nil>
}

// Sendfile sends a file without a copy in the program's memory.
func ExampleSocket_Sendfile() {
	a, b, err := sock.Pair(-1, -1, -1)
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	file, err := os.Open("doc.go")
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	go func() {
		defer a.Close()
		a.Sendfile(file, 3, 12) // 12 bytes from offset 3
	}()
	data, err := io.ReadAll(b)
	fmt.Printf("%q %v\n", data, err)
	// Output: "Package sock" <nil>
}

// Splice moves what one socket receives into another, through the kernel only: the work of a proxy.
func ExampleSocket_Splice() {
	client, from, err := sock.Pair(-1, -1, -1)
	if err != nil {
		log.Fatal(err)
	}
	to, server, err := sock.Pair(-1, -1, -1)
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	client.Sendall([]byte("a request"), 0)
	client.Close() // the end of the stream ends Splice too
	n, err := to.Splice(from, -1)
	fmt.Println(n, err)
	from.Close()
	to.Close()
	data, err := io.ReadAll(server)
	fmt.Printf("%q %v\n", data, err)
	// Output:
	// 9 <nil>
	// "a request" <nil>
}

// SendBatch and RecvBatch move many datagrams with one system call. The slices are used again for
// each batch.
func ExampleSocket_RecvBatch() {
	a, b, err := sock.Pair(sock.AF_UNIX, sock.SOCK_DGRAM, 0)
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	defer b.Close()
	var out []sock.Datagram
	for _, text := range []string{"one", "two", "three"} {
		out = append(out, sock.Datagram{Buffers: [][]byte{[]byte(text)}})
	}
	sent, err := a.SendBatch(out, 0)
	fmt.Println(sent, err)

	in := make([]sock.Datagram, 8)
	for i := range in {
		in[i].Buffers = [][]byte{make([]byte, 1500)}
	}
	n, err := b.RecvBatch(in, 0)
	for _, m := range in[:n] {
		fmt.Printf("%q\n", m.Buffers[0][:m.N])
	}
	fmt.Println(n, err)
	// Output:
	// 3 <nil>
	// "one"
	// "two"
	// "three"
	// 3 <nil>
}

// A UDP socket sends datagrams to several peers with one call.
func ExampleSocket_SendBatch() {
	s, err := sock.CreateServer(sock.Inet("127.0.0.1", 0), &sock.ServerConfig{Type: sock.SOCK_DGRAM})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	var batch []sock.Datagram
	var peers []*sock.Socket
	for range 2 {
		p, err := sock.CreateServer(sock.Inet("127.0.0.1", 0), &sock.ServerConfig{Type: sock.SOCK_DGRAM})
		if err != nil {
			log.Fatal(err)
		}
		defer p.Close()
		at, err := p.Getsockname()
		if err != nil {
			log.Fatal(err)
		}
		peers = append(peers, p)
		batch = append(batch, sock.Datagram{Buffers: [][]byte{[]byte("news")}, Addr: at})
	}
	fmt.Println(s.SendBatch(batch, 0))
	for _, p := range peers {
		data, err := p.Recv(100, 0)
		fmt.Printf("%q %v\n", data, err)
	}
	// Output:
	// 2 <nil>
	// "news" <nil>
	// "news" <nil>
}
