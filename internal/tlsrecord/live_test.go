package tlsrecord

import (
	"crypto/tls"
	"runtime"
	"sync"
	"testing"
	"time"
	"unsafe"
)

// collect makes garbage collections until done. The runtime calls sweep on a goroutine after each.
func collect(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); runtime.GC() {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}

// exchange sends one record from a to b.
func exchange(t *testing.T, a, b *Conn) {
	t.Helper()
	record, err := a.Seal(nil, []byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := all(b, record); string(got) != "text" || err != nil {
		t.Fatalf("%q, %v", got, err)
	}
}

// The ciphers of an idle connection go with garbage collections, and come back with the next
// record.
func TestIdle(t *testing.T) {
	if size := unsafe.Sizeof(Conn{}); size > 152 {
		t.Errorf("a Conn has %d bytes", size)
	}
	a, b := ends(t, tls.VersionTLS13, tls.TLS_AES_128_GCM_SHA256)
	for range 3 {
		exchange(t, a, b)
		collect(t, "an idle connection keeps its ciphers", func() bool {
			return a.in.live.Load() == nil && a.out.live.Load() == nil && b.in.live.Load() == nil && b.out.live.Load() == nil
		})
	}
	if err := a.NextKey(); err != nil { // without a cipher
		t.Fatal(err)
	}
	if err := b.in.update(b.suite); err != nil {
		t.Fatal(err)
	}
	exchange(t, a, b)
}

// A drop keeps the ciphers that were used since the last one, and forgets connections that are
// gone.
func TestDrop(t *testing.T) {
	r := new(registry)
	r.armed = true // the test drops
	halves := make([]*half, 1000)
	for i := range halves {
		h := new(half)
		h.live.Store(new(live))
		h.live.Load().used.Store(true)
		halves[i] = h
		r.add(h)
	}
	kept := func() (n int) {
		for _, h := range halves {
			if h.live.Load() != nil {
				n++
			}
		}
		return n
	}
	r.drop()
	if n := kept(); n != len(halves) || len(r.halves) != n {
		t.Errorf("the first drop has kept %d of %d ciphers, and %d entries", n, len(halves), len(r.halves))
	}
	for _, h := range halves[:100] {
		if l, err := h.cipher(nil, true); err != nil || l != h.live.Load() {
			t.Fatal(l, err)
		}
	}
	r.drop()
	if n := kept(); n != 100 || len(r.halves) != n || cap(r.halves) > 2*n {
		t.Errorf("the second drop has kept %d ciphers, and %d entries of %d", n, len(r.halves), cap(r.halves))
	}
	for _, h := range halves[:100] {
		h.cipher(nil, true)
	}
	clear(halves)
	runtime.GC()
	if r.drop(); len(r.halves) != 0 {
		t.Errorf("%d entries of connections that are gone", len(r.halves))
	}
}

// Sweeps run beside records, updates and new connections.
func TestSweepsBesideRecords(t *testing.T) {
	over := make(chan struct{})
	var sweeps sync.WaitGroup
	sweeps.Go(func() {
		for {
			select {
			case <-over:
				return
			default:
				runtime.GC()
			}
		}
	})
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() {
			a, b := ends(t, tls.VersionTLS13, tls.TLS_AES_128_GCM_SHA256)
			for i := range 2000 {
				record, err := a.Seal(nil, []byte("text"))
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := all(b, record); string(got) != "text" || err != nil {
					t.Errorf("%q, %v", got, err)
					return
				}
				if i%100 == 99 && (a.out.update(a.suite) != nil || b.in.update(b.suite) != nil) {
					t.Error("update")
					return
				}
			}
		})
	}
	work.Wait()
	close(over)
	sweeps.Wait()
}
