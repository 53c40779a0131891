namespace FopWatch.Sqlite;

/// <summary>A locked data folder into which a database is copied. Without <see cref="Keep"/>, what was created for the copy is deleted again.</summary>
/// <param name="folder">The folder, if it was created for the copy; null if it was there.</param>
/// <param name="lockFile">The lock file, if it was created for the copy; null if it was there.</param>
internal sealed class EmptyFolder(string? folder, string? lockFile) : IDisposable
{
    private bool _isKept;

    /// <summary>The lock.</summary>
    public IDisposable? Lock { get; set; }

    /// <summary>Keeps the folder: it has a database now.</summary>
    public void Keep() => _isKept = true;

    public void Dispose()
    {
        // Once the lock is released, another process may lock the file, which must not be deleted then. Windows deletes no open file.
        if (OperatingSystem.IsWindows())
            Lock?.Dispose();
        if (!_isKept)
            Delete();
        Lock?.Dispose();
    }

    private void Delete()
    {
        try
        {
            if (lockFile is not null)
                File.Delete(lockFile);

            // Fails if another process has written to it meanwhile.
            if (folder is not null)
                Directory.Delete(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // An empty folder is left, which the next restore accepts.
        }
    }
}
