using FopWatch.Jobs;

namespace FopWatch.Sqlite;

/// <summary>The files of a data folder that a host holds open, with checks that they are still in place.</summary>
internal sealed class HeldFolder : IDisposable
{
    private readonly HeldFile[] _files;

    /// <param name="folder">The folder, as shown to the operator.</param>
    /// <param name="files">The open files: the lock and, if it can be held, the database.</param>
    public HeldFolder(string folder, params IReadOnlyList<FileStream> files)
    {
        Folder = folder;
        _files = [.. files.Select(file => new HeldFile(file))];
    }

    private string Folder { get; }

    /// <summary>
    /// Why nothing may be written, if a file is not in place: confirmed data would be lost, and another host could start on the folder.
    /// Null if all files are in place.
    /// </summary>
    public StoreUnavailableException? Loss()
    {
        try
        {
            return Lost();
        }
        catch (Exception unseen) when (unseen is IOException or UnauthorizedAccessException)
        {
            return new($"The data folder '{Folder}' cannot be examined", unseen);
        }
    }

    private StoreUnavailableException? Lost() => Array.Find(_files, file => !file.IsInPlace) is { } lost
        ? new($"The data folder '{Folder}' or its file {lost.Name} was deleted, moved or replaced while the host was running. Put it back, or restart the host")
        : null;

    /// <exception cref="StoreUnavailableException">A file is not in place; see <see cref="Loss"/>.</exception>
    public void Check()
    {
        if (Loss() is { } loss)
            throw loss;
    }

    /// <summary>Flushes the database file to the disk, if the file is held.</summary>
    /// <exception cref="IOException">The file system reports an error.</exception>
    public void FlushDatabase()
    {
        if (_files.Length > 1)
            _files[1].Flush();
    }

    public void Dispose()
    {
        foreach (var file in _files)
            file.Dispose();
    }

    private sealed class HeldFile : IDisposable
    {
        private readonly FileStream _stream;
        private readonly string? _place;

        public HeldFile(FileStream stream)
        {
            _stream = stream;
            _place = Place();
        }

        public string Name => Path.GetFileName(_stream.Name);

        /// <summary>Linux reports the current path of an open file. Elsewhere, only a missing file is noticed.</summary>
        public bool IsInPlace => _place is null ? File.Exists(_stream.Name) : Place() == _place;

        public void Flush() => RandomAccess.FlushToDisk(_stream.SafeFileHandle);

        public void Dispose() => _stream.Dispose();

        private string? Place() => OperatingSystem.IsLinux()
            ? new FileInfo($"/proc/self/fd/{_stream.SafeFileHandle.DangerousGetHandle()}").LinkTarget
            : null;
    }
}
