// Proxy accepts connections at one address and forwards each to another. The families may differ:
// TCP, UNIX, VSOCK, TIPC, Bluetooth, … An address is the name of its network, a colon, and its
// text.
//
//	go run ./examples/proxy -from tcp:127.0.0.1:8080 -to unix:/run/app
//	go run ./examples/proxy -from tcp:127.0.0.1:8080 -to vsock:2:9999
//	go run ./examples/proxy -from unixpacket:@front -to tipc:name:18888,17
//
// When one side has sent everything, the other gets the end of the stream and can still answer. At
// the end of each connection the program prints how many bytes went each way. Port 0 selects a free
// port.
//
// Needs: any system; each family needs what `go run ./examples/families` says.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/netconn"
)

func main() {
	from := flag.String("from", "tcp:127.0.0.1:8080", "where to listen")
	to := flag.String("to", "", "where to connect to")
	patience := flag.Duration("timeout", 10*time.Second, "how long to connect may take")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "Usage: proxy -from network:address -to network:address. The networks are:")
		fmt.Fprintln(flag.CommandLine.Output(), strings.Join(netconn.Networks(), " "))
		flag.PrintDefaults()
	}
	flag.Parse()
	if *to == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	network, address, _ := strings.Cut(*to, ":")
	if n, _ := sock.NetworkNamed(network); n.Type != sock.SOCK_STREAM && n.Type != sock.SOCK_SEQPACKET {
		log.Fatalf("-to %s: %q is not a network with connections", *to, network)
	}
	listen, at, _ := strings.Cut(*from, ":")
	ln, err := netconn.Listen(listen, at)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("Listening on", ln.Addr())
	dialer := &netconn.Dialer{Timeout: *patience}
	for {
		client, err := ln.AcceptConn()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			defer client.Close()
			c, err := dialer.Dial(network, address)
			if err != nil {
				client.SetLinger(0) // a reset, so that the client learns that it was not served
				log.Print(err)
				return
			}
			defer c.Close()
			there, back, err := relay(client, c.(*netconn.Conn))
			fmt.Printf("%v: %d bytes there, %d bytes back", client.RemoteAddr(), there, back)
			if err != nil {
				fmt.Printf(": %v", err)
			}
			fmt.Println()
		}()
	}
}

// relay copies in both directions until both have ended or one has failed.
func relay(client, server *netconn.Conn) (there, back int64, err error) {
	var both sync.WaitGroup
	var failed sync.Once
	carry := func(n *int64, to, from *netconn.Conn) {
		var why error
		if *n, why = io.Copy(to, from); why == nil {
			why = to.CloseWrite()
		}
		if why != nil {
			failed.Do(func() {
				err = why
				client.Close() // this also ends the other direction
				server.Close()
			})
		}
	}
	both.Go(func() { carry(&there, server, client) })
	both.Go(func() { carry(&back, client, server) })
	both.Wait()
	return there, back, err
}
