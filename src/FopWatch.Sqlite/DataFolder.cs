namespace FopWatch.Sqlite;

/// <summary>The data folder in the file system: its lock and its permissions.</summary>
/// <remarks>
/// The database holds ids, notification bodies with secrets, and metadata, so no other user may read it. A new folder gets mode 0700. Files get
/// mode 0600, including those of earlier versions. The mode of an existing folder is left to its owner.
/// </remarks>
internal static class DataFolder
{
    /// <summary>The file that is locked while a host uses the folder. The lock ends with the process, even after a crash.</summary>
    public const string LockName = "fopwatch.lock";

    /// <summary>The suffix of a copy's name until it is complete.</summary>
    public const string PartialSuffix = ".partial";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Creates the folder if it does not exist, locks it, and makes its files private.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="database">The name of the database. SQLite gives its log and index the mode of the database.</param>
    /// <returns>The lock. Dispose it to release the folder.</returns>
    /// <exception cref="StoreOpenException">The folder cannot be used.</exception>
    public static HeldFolder Lock(string folder, string database)
    {
        try
        {
            if (!Directory.Exists(folder))
                Create(folder);
            string[] files = [LockName, database, $"{database}-wal", $"{database}-shm"];
            foreach (var name in files)
                RefuseOtherThanFile(Path.Combine(folder, name));
            var folderLock = Open(Path.Combine(folder, LockName), FileShare.None);
            try
            {
                // SQLite would create it with the mode of the umask. An existing file is not opened, because closing it would drop the
                // locks of this process on it.
                if (!File.Exists(Path.Combine(folder, database)))
                    Open(Path.Combine(folder, database), FileShare.ReadWrite).Dispose();
                foreach (var name in files)
                    MakePrivate(Path.Combine(folder, name));
                return OperatingSystem.IsLinux()
                    ? new(folder, folderLock, Hold(Path.Combine(folder, database)))
                    : new(folder, folderLock);
            }
            catch
            {
                folderLock.Dispose();
                throw;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unusable(folder, exception);
        }
    }

    /// <summary>Whether a folder has a database; null if this user may not look.</summary>
    /// <exception cref="StoreOpenException">The file system reports an error.</exception>
    public static bool? HasDatabase(string folder)
    {
        try
        {
            // File.Exists does not distinguish a missing file from a folder that may not be read.
            File.GetAttributes(Path.Combine(folder, SqliteDatabase.FileName));
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or PathTooLongException)
        {
            return false;
        }
        catch (IOException e)
        {
            throw new StoreOpenException($"The data folder '{folder}' cannot be read: the file system reports an error.", e);
        }
    }

    /// <summary>Creates the folder if it does not exist, and locks it while a database is copied into it.</summary>
    /// <param name="folder">The folder.</param>
    /// <returns>The lock. Dispose it to release the folder.</returns>
    /// <exception cref="StoreOpenException">The folder is not empty, in use, or not writable.</exception>
    public static EmptyFolder LockEmpty(string folder)
    {
        var path = Path.Combine(folder, LockName);
        var made = new EmptyFolder(Directory.Exists(folder) ? null : folder, Path.Exists(path) ? null : path);
        try
        {
            if (!Directory.Exists(folder))
                Create(folder);
            RefuseOtherThanFile(path);

            // A folder that is not empty may belong to anything, so nothing is written to it.
            var folderLock = File.Exists(path) ? Open(path, FileShare.None) : null;
            try
            {
                RefuseContent(folder);
                folderLock ??= Open(path, FileShare.None);

                // A running writer of these files would hold the lock.
                foreach (var left in Directory.EnumerateFiles(folder).Where(file => IsPartial(Path.GetFileName(file))))
                    File.Delete(left);
                made.Lock = folderLock;
                return made;
            }
            catch
            {
                folderLock?.Dispose();
                throw;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unusable(folder, exception);
        }
    }

    /// <summary>Creates a file that only its owner can read.</summary>
    /// <exception cref="IOException">The file exists, or the file system reports an error.</exception>
    public static void CreatePrivate(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        new FileStream(path, options).Dispose();
    }

    /// <summary>
    /// The paths that other users can access: the folder, if they can write to it and so replace files, and each file that they can read or
    /// write because its file system or owner does not allow changing the mode.
    /// </summary>
    public static IReadOnlyList<string> OpenToOthers(string folder)
    {
        if (OperatingSystem.IsWindows())
            return [];

        var open = new List<string>();
        if ((File.GetUnixFileMode(folder) & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) != 0)
            open.Add(Path.GetFullPath(folder));
        foreach (var file in Directory.EnumerateFiles(folder, "fopwatch.*"))
        {
            if ((File.GetUnixFileMode(file) & Others) != 0)
                open.Add(Path.GetFullPath(file));
        }

        return open;
    }

    private static StoreOpenException Unusable(string folder, Exception exception) => exception is IOException held && IsHeld(held)
        ? new($"The data folder '{folder}' is in use by another FopWatch host.", exception)
        : new($"The data folder '{folder}' is not writable: {Explain(folder, exception)}", exception);

    /// <summary>
    /// Refuses other content than the lock file of an earlier host, the lost+found folder of a new file system, and the rest of a killed
    /// restore.
    /// </summary>
    private static void RefuseContent(string folder)
    {
        var there = Directory.EnumerateFileSystemEntries(folder)
            .Select(path => Path.GetFileName(path))
            .Where(name => name is not (LockName or "lost+found") && !IsPartial(name))
            .Take(4)
            .ToList();
        if (there.Count > 0)
            throw new StoreOpenException($"The data folder '{folder}' is not empty: it contains {string.Join(", ", there.Take(3))}{(there.Count > 3 ? " …" : "")}. Give a new folder.");
    }

    /// <summary>Whether a file is an incomplete copy, or a file that SQLite keeps beside it.</summary>
    public static bool IsPartial(string name) =>
        name.StartsWith($"{SqliteDatabase.FileName}.", StringComparison.Ordinal)
        && Array.Exists([PartialSuffix, $"{PartialSuffix}-journal", $"{PartialSuffix}-wal", $"{PartialSuffix}-shm"], end => name.EndsWith(end, StringComparison.Ordinal));

    private static void Create(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
            return;
        }

        // Missing parent folders get the mode of the umask.
        Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
    }

    /// <summary>A link is refused, because making its target private could change the mode of a foreign file.</summary>
    private static void RefuseOtherThanFile(string path)
    {
        if (new FileInfo(path).LinkTarget is not null)
            throw new StoreOpenException($"'{path}' is a symbolic link, which FopWatch does not follow. Move the file into the data folder, or give its folder with --data.");
        if (Directory.Exists(path))
            throw new StoreOpenException($"'{path}' is a folder, but FopWatch needs a file of this name. Remove it, or give another folder with --data.");
    }

    /// <summary>
    /// Keeps the database open with a shared lock of a kind that SQLite does not use. The lock file can be deleted while a host runs.
    /// Locking the database exclusively first proves that no other host has it open. SQLite must not have it open yet in this process.
    /// </summary>
    private static FileStream Hold(string database)
    {
        Open(database, FileShare.None).Dispose();
        return Open(database, FileShare.ReadWrite);
    }

    private static FileStream Open(string path, FileShare share)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = share };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        return new(path, options);
    }

    private static void MakePrivate(string path)
    {
        if (OperatingSystem.IsWindows() || !File.Exists(path))
            return;

        try
        {
            if ((File.GetUnixFileMode(path) & Others) != 0)
                File.SetUnixFileMode(path, OwnerOnly);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another user's file, or a file system without modes: the host warns and continues.
        }
    }

    // ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION on Windows; EWOULDBLOCK on Linux and on macOS.
    private static bool IsHeld(IOException exception) =>
        OperatingSystem.IsWindows() ? (exception.HResult & 0xFFFF) is 32 or 33
        : OperatingSystem.IsMacOS() ? exception.HResult == 35
        : exception.HResult == 11;

    private static string Explain(string folder, Exception exception) => exception switch
    {
        UnauthorizedAccessException => "permission denied.",
        _ when File.Exists(folder) => "it is a file.",
        DirectoryNotFoundException => "a parent folder does not exist or is a file.",
        PathTooLongException => "the name is too long.",
        _ => "the file system reports an error; the disk may be full or read-only.",
    };
}
