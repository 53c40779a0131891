namespace FopWatch.Sqlite;

/// <summary>The folder that holds all state, as the file system has it: its lock, and who else on the machine may use it.</summary>
/// <remarks>
/// The database holds ids, notification bodies with secrets, and metadata, so no other user may read it. A new folder is created 0700. The
/// files are 0600, those of earlier versions included. The mode of a folder that exists is its owner's decision and stays.
/// </remarks>
internal static class DataFolder
{
    /// <summary>The file that is locked as long as a host uses the folder. The lock ends with the process, however that ends.</summary>
    public const string LockName = "fopwatch.lock";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Creates the folder where it does not exist, locks it, and makes its files private.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="database">The name of the database in it. SQLite gives its log and index the mode of the database.</param>
    /// <returns>What holds the folder; disposing of it lets go of it.</returns>
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
                // SQLite would create it with the mode of the umask. One that exists is not opened: to close it would drop the locks that
                // this process has on it.
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

    /// <summary>Creates the folder where it does not exist, and locks it while a database is put into it.</summary>
    /// <param name="folder">The folder.</param>
    /// <returns>The lock; disposing of it lets go of it.</returns>
    /// <exception cref="StoreOpenException">There is something in the folder, a host uses it, or it cannot be written to.</exception>
    public static IDisposable LockEmpty(string folder)
    {
        var path = Path.Combine(folder, LockName);
        try
        {
            if (!Directory.Exists(folder))
                Create(folder);
            RefuseOtherThanFile(path);

            // A folder that is not empty may be anything, and nothing is left in it.
            var folderLock = File.Exists(path) ? Open(path, FileShare.None) : null;
            try
            {
                RefuseContent(folder);
                return folderLock ?? Open(path, FileShare.None);
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

    /// <summary>Creates a file that only its owner may read.</summary>
    /// <exception cref="IOException">It exists, or the file system refuses.</exception>
    public static void CreatePrivate(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        new FileStream(path, options).Dispose();
    }

    /// <summary>
    /// The paths that other users may use: the folder where they may write to it, and so replace files; each file that they may read or
    /// write, because its file system or its owner does not let the mode be changed.
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
        : new($"The data folder '{folder}' cannot be written to: {Explain(folder, exception)}", exception);

    /// <summary>A host that has ended leaves its lock file, and a new file system its folder for lost files.</summary>
    private static void RefuseContent(string folder)
    {
        var there = Directory.EnumerateFileSystemEntries(folder).Select(path => Path.GetFileName(path)).Where(name => name is not (LockName or "lost+found")).Take(4).ToList();
        if (there.Count > 0)
            throw new StoreOpenException($"The data folder '{folder}' is not empty: it has {string.Join(", ", there.Take(3))}{(there.Count > 3 ? " …" : "")}. Give a new folder.");
    }

    private static void Create(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
            return;
        }

        // Missing folders above it get the mode of the umask.
        Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
    }

    /// <summary>A link is refused: to make its file private would change the mode of one that may be anybody's.</summary>
    private static void RefuseOtherThanFile(string path)
    {
        if (new FileInfo(path).LinkTarget is not null)
            throw new StoreOpenException($"'{path}' is a symbolic link, which FopWatch does not follow. Move the file into the data folder, or give its folder as --data.");
        if (Directory.Exists(path))
            throw new StoreOpenException($"'{path}' is a folder where a file of FopWatch belongs. Remove it, or give another folder as --data.");
    }

    /// <summary>
    /// Keeps the database open with a shared lock of the kind that SQLite does not use. The lock file can be deleted under a host; that the
    /// database can be locked exclusively before says that no other host keeps it open. SQLite must not have it open yet in this process.
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
            // Another user's file, or a file system without modes: the host warns of it and works.
        }
    }

    // ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION on Windows; EWOULDBLOCK as Linux and as macOS number it.
    private static bool IsHeld(IOException exception) =>
        OperatingSystem.IsWindows() ? (exception.HResult & 0xFFFF) is 32 or 33
        : OperatingSystem.IsMacOS() ? exception.HResult == 35
        : exception.HResult == 11;

    private static string Explain(string folder, Exception exception) => exception switch
    {
        UnauthorizedAccessException => "this user may not.",
        _ when File.Exists(folder) => "it is a file.",
        DirectoryNotFoundException => "a folder above it does not exist or is a file.",
        PathTooLongException => "its name is too long.",
        _ => "its file system refuses; the disk may be full or read-only.",
    };
}
