package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/internal/genconst/catalog"
)

var root = filepath.Join("..", "..")

// foreign are the names of the standard library that stand in the table: this does not compile
// without them.
var foreign = map[string]any{
	"net.DNSError":           net.DNSError{},
	"net.ErrClosed":          net.ErrClosed,
	"net.OpError":            net.OpError{},
	"os.ErrDeadlineExceeded": os.ErrDeadlineExceeded,
	"syscall.Errno":          syscall.Errno(0),
}

func rows(t *testing.T) []row {
	t.Helper()
	rows, err := readRows(filepath.Join(root, tableFile))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// Every function, class, method and attribute of Python's has a row, and no row is of a name that
// Python does not have.
func TestComplete(t *testing.T) {
	names, err := catalog.Read(filepath.Join(root, "sock", "testdata", "names.csv"))
	if err != nil {
		t.Fatal(err)
	}
	// What Python has, and its list of names leaves out.
	known := map[string]bool{"socket.__repr__": true, "ValueError": true, "BlockingIOError": true}
	there := make(map[string]bool)
	for _, r := range rows(t) {
		there[r.name] = true
	}
	for _, n := range names {
		if n.Kind == "constant" {
			continue
		}
		known[n.Name] = true
		if !there[n.Name] {
			t.Errorf("%s, a %s of Python's, has no row", n.Name, n.Kind)
		}
	}
	for name := range there {
		if !known[name] && !strings.Contains(name, " ") { // which a description has
			t.Errorf("%s is no name of Python's", name)
		}
	}
}

// What a row says is here is here, on every system.
func TestExists(t *testing.T) {
	rows := rows(t)
	for _, sys := range catalog.Systems {
		t.Run(sys.GOOS, func(t *testing.T) {
			decls, err := declarations(root, sys.GOOS, sys.GOARCHs[0])
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				for _, name := range r.gos {
					name, toCome := strings.CutPrefix(name, "?")
					_, std := foreign[name]
					switch here := decls[name] != "" || std; {
					case !here && !toCome:
						t.Errorf("%s: there is no %s", r.name, name)
					case !here:
						t.Logf("%s: %s is to come", r.name, name)
					case toCome:
						t.Errorf("%s: %s is there: run go generate ./sock", r.name, name)
					}
				}
			}
		})
	}
}

// What is in the tree is what go generate would write.
func TestUpToDate(t *testing.T) {
	table, page, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{tableFile: table, pageFile: page} {
		got, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what is generated now: run go generate ./sock", name)
		}
	}
}

// The README shows an excerpt, by hand: each name in its last column is one that there is.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(readme), "\n## From Python\n")
	text, _, _ = strings.Cut(text, "\n## ")
	decls, err := declarations(root, "linux", "amd64")
	if err != nil {
		t.Fatal(err)
	}
	var bare []string // without the type
	for name := range decls {
		bare = append(bare, name[strings.LastIndex(name, ".")+1:])
	}
	first := regexp.MustCompile("`\\*?([A-Za-z][A-Za-z0-9_.]*)[^`]*`")
	checked := 0
	for line := range strings.Lines(text) {
		cells := strings.Split(line, " | ")
		if len(cells) != 2 {
			continue
		}
		for _, m := range first.FindAllStringSubmatch(cells[1], -1) {
			checked++
			_, std := foreign[m[1]]
			if decls[m[1]] == "" && !std && !slices.Contains(bare, strings.TrimPrefix(m[1], "sock.")) {
				t.Errorf("README.md, From Python: there is no %s", m[1])
			}
		}
	}
	if checked < 20 || !strings.Contains(text, "(docs/python.md)") {
		t.Errorf("%d names in the excerpt, and or no link to docs/python.md", checked)
	}
}

func TestDeclarations(t *testing.T) {
	decls, err := declarations(root, "linux", "amd64")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Socket.Recv":                    "s.Recv(n, flags int) ([]byte, error)",
		"Async.Recv":                     "a.Recv(n, flags int) loop.Future[[]byte]",
		"CMSG_LEN":                       "CMSG_LEN(n int) (int, error)",
		"AF_INET":                        "AF_INET",
		"Addr":                           "Addr",
		"families.Parse":                 "families.Parse(s string) (Addr, error)",
		"ConnectionConfig.HappyEyeballs": "HappyEyeballs",
		"Socket.recv":                    "",
		"SIO_RCVALL":                     "", // of another system
		"core.Fileno":                    "",
	} {
		if decls[name] != want {
			t.Errorf("%s is %q, want %q", name, decls[name], want)
		}
	}
}

// Rows that say nothing are refused, and what was to come is not once it is there.
func TestRows(t *testing.T) {
	file := filepath.Join(t.TempDir(), "python.csv")
	for _, text := range []string{"", "a,b\n", "section,name,python,go,note\nS,n,n(),,\n", "section,name,python,go,note\n,n,n(),N,\n"} {
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := readRows(file); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
	r := row{gos: []string{"?A", "?B", "C"}}
	if r.arrived(map[string]string{"A": "A()", "C": "C()"}); !slices.Equal(r.gos, []string{"A", "?B", "C"}) {
		t.Errorf("it is %v", r.gos)
	}
}
