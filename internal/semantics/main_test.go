package main

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// The ledger says what the tests of this tree say.
func TestLedger(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Skip("no tree to look at, as under an emulator of another system: run this test where the sources are:", err)
	}
	items, err := readLedger(filepath.Join(root, "sock", "testdata", "semantics.csv"))
	if err != nil {
		t.Fatal(err)
	}
	found, err := scan(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	problems, pending := check(items, found)
	for _, p := range problems {
		t.Error(p)
	}
	for _, p := range pending {
		t.Log(p)
	}
	if len(items) != 245 {
		t.Errorf("the ledger has %d items, and there are 245", len(items))
	}
}

func TestItemsIn(t *testing.T) {
	for _, tt := range []struct {
		text string
		want []int
	}{
		{"item 7", []int{7}},
		{"items 7, 9", []int{7, 9}},
		{"items 7, 9 and 12", []int{7, 9, 12}},
		{"items 115 and\n105, of which", []int{115, 105}},
		{"Items 3 to 5: all", []int{3, 4, 5}},
		{"items 3-5, 8", []int{3, 4, 5, 8}},
		{"as item 7 has it, and item 9 too", []int{7, 9}},
		{"7 items", nil},
		{"an item of 7", nil},
		{"lineitem 7", nil},
	} {
		if got := itemsIn(tt.text); !slices.Equal(got, tt.want) {
			t.Errorf("%q: %v, want %v", tt.text, got, tt.want)
		}
	}
}

func TestScan(t *testing.T) {
	found, err := scan(fstest.MapFS{
		"a/a_test.go": {Data: []byte(`package a
// Item 1 is shown by this.
func TestA(t *testing.T) { // and items 2, 3
	use(table)
	// item 4
}

func TestB(t *testing.T) { use(table) }

// item 5
var table = []int{
	1, // item 6
}

// item 7
var unused int

// item 8 is of nobody.

func helper() {} // item 9
func FuzzC(f *testing.F) { helper() }
func TestMain(m *testing.M) {} // item 10
`)},
		"a/a.go":               {Data: []byte("package a\n// item 11\nvar x int\n")},
		"a/testdata/b_test.go": {Data: []byte("no Go\n")},
		"b/b_other_test.go":    {Data: []byte("//go:build !linux\n\npackage b\nfunc ExampleD() {} // item 1\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[int][]string{
		1: {"a.TestA", "b.ExampleD"}, 2: {"a.TestA"}, 3: {"a.TestA"}, 4: {"a.TestA"},
		5: {"a.TestA", "a.TestB"}, 6: {"a.TestA", "a.TestB"}, 9: {"a.FuzzC"},
	}
	if !reflect.DeepEqual(found.tests, want) {
		t.Errorf("tests: %v, want %v", found.tests, want)
	}
	if strays := strings.Join(found.strays, "\n"); len(found.strays) != 3 || !strings.Contains(strays, "unused") || !strings.Contains(strays, "TestMain") {
		t.Errorf("strays: %s", strays)
	}
}

// Each way in which the ledger can be wrong is reported.
func TestCheck(t *testing.T) {
	items := []item{
		{1, "s", "shown", "", []string{"a.TestA"}},
		{2, "s", "nothing", "", nil},
		{3, "s", "reason", "because", nil},
		{4, "s", "pending", "pending", nil},
		{5, "s", "gone", "because", []string{"a.TestGone"}},
		{6, "s", "new", "pending", nil},
	}
	found := findings{tests: map[int][]string{1: {"a.TestA"}, 6: {"a.TestNew"}, 7: {"a.TestSeven"}}, strays: []string{"a stray"}}
	problems, pending := check(items, found)
	for i, want := range []string{"item 2 has neither", "item 5: there is no test", "item 6: a.TestNew names it", "there is no item 7", "a stray"} {
		if i >= len(problems) || !strings.Contains(problems[i], want) {
			t.Errorf("problem %d of %q is not %q", i, problems, want)
		}
	}
	if len(problems) != 5 || len(pending) != 1 || !strings.Contains(pending[0], "item 4") {
		t.Errorf("problems %q, pending %q", problems, pending)
	}
	fill(items, found)
	if it := items[5]; it.reason != "" || !slices.Equal(it.tests, []string{"a.TestNew"}) {
		t.Errorf("what was pending is %+v", it)
	}
	if it := items[4]; it.reason != "because" || it.tests != nil {
		t.Errorf("what lost its test is %+v", it)
	}
}

// What is written is what is read.
func TestLedgerFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ledger.csv")
	items := []item{{1, "1 Errors", "a, b", `"so"`, nil}, {2, "1 Errors", "c", "", []string{"a.TestA", "b.TestB"}}}
	if err := writeLedger(file, items); err != nil {
		t.Fatal(err)
	}
	got, err := readLedger(file)
	if err != nil {
		t.Fatal(err)
	}
	got[0].tests = nil
	if !reflect.DeepEqual(got, items) {
		t.Errorf("%+v, want %+v", got, items)
	}
	items[1].number = 3
	if err := writeLedger(file, items); err != nil {
		t.Fatal(err)
	}
	if _, err := readLedger(file); err == nil {
		t.Error("a ledger without item 2 is read without an error")
	}
}
