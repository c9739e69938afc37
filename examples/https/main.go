// Https serves a folder by HTTPS, with HTTP/1.1 and HTTP/2. It uses net/http and crypto/tls of the
// standard library on connections of package netconn; only the listener is different.
//
//	go run ./examples/https 127.0.0.1:8443 .
//	go run ./examples/https 127.0.0.1:8443 . cert.pem key.pem
//	curl --insecure https://127.0.0.1:8443/go.mod
//
// Without a certificate it makes one, which clients do not trust. Port 0 selects a free port. After
// an interrupt it finishes the running requests and ends.
//
// Needs: any system.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/polluxio/pollux/sock/netconn"
)

func main() {
	at, folder := "127.0.0.1:8443", "."
	if len(os.Args) > 1 {
		at = os.Args[1]
	}
	if len(os.Args) > 2 {
		folder = os.Args[2]
	}
	cert, err := certificate(os.Args[min(3, len(os.Args)):])
	check(err)
	ln, err := netconn.Listen("tcp", at)
	check(err)
	fmt.Println("Listening on", ln.Addr())
	server := &http.Server{
		Handler:           http.FileServerFS(os.DirFS(folder)),
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{cert}},
		ReadHeaderTimeout: 10 * time.Second,
	}
	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		<-interrupted.Done()
		ended <- server.Shutdown(context.Background())
	}()
	if err := server.ServeTLS(ln, "", ""); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
	check(<-ended)
}

// certificate reads a certificate and its key, or makes a pair for this host that is valid for a
// day.
func certificate(files []string) (tls.Certificate, error) {
	if len(files) == 2 {
		return tls.LoadX509KeyPair(files[0], files[1])
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		NotAfter:     time.Now().Add(24 * time.Hour),
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
