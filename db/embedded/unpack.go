//go:build unix

package embedded

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

const maxUnpacked = 512 << 20 // bytes; the largest has 136 MB

// unpack unpacks a package of npm. Nothing of it can leave dir.
func unpack(content []byte, dir string) error {
	plain, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("it is no gzip: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	entries := tar.NewReader(plain)
	for room := int64(maxUnpacked); ; {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return link(root)
		}
		if err == nil {
			if room -= header.Size; room < 0 {
				return fmt.Errorf("it has more than %d MiB", maxUnpacked>>20)
			}
			err = unpackFile(root, header, entries)
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return errors.New("it ends in the middle")
		}
		if err != nil {
			return err
		}
	}
}

func unpackFile(root *os.Root, header *tar.Header, content io.Reader) error {
	if !fs.ValidPath(header.Name) {
		return fmt.Errorf("%q in it would leave the folder", header.Name)
	}
	if header.Typeflag != tar.TypeReg {
		return fmt.Errorf("%q in it is no file", header.Name)
	}
	// Beside native/ it has what Node.js needs.
	name, ok := strings.CutPrefix(header.Name, "package/")
	if !ok || !strings.HasPrefix(name, "native/") {
		return nil
	}
	name = filepath.FromSlash(name)
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, header.FileInfo().Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}

// link makes the symbolic links, which no package of npm can hold: a file lists them.
// Each names a file beside it.
func link(root *os.Root) error {
	list, err := root.ReadFile(filepath.Join("native", "pg-symlinks.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string } // the file, and the link to it
	if err := json.Unmarshal(list, &links); err != nil {
		return fmt.Errorf("its list of links cannot be read: %w", err)
	}
	for _, l := range links {
		if !fs.ValidPath(l.Source) || !fs.ValidPath(l.Target) || path.Dir(l.Source) != path.Dir(l.Target) {
			return fmt.Errorf("the link %q in it would leave its folder, to %q", l.Target, l.Source)
		}
		if err := root.Symlink(path.Base(l.Source), filepath.FromSlash(l.Target)); err != nil {
			return err
		}
	}
	return nil
}
