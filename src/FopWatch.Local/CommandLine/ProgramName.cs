namespace FopWatch.Local.CommandLine;

/// <summary>The command that starts this program, so that printed commands can be copied.</summary>
internal static class ProgramName
{
    /// <summary>The name of the program on the <c>PATH</c>.</summary>
    public const string Installed = "fopwatch";

    private const string ProjectFile = "FopWatch.Local.csproj";

    /// <summary>The command that starts this program from the current folder.</summary>
    public static string OfProcess()
    {
        try
        {
            return Of(AppContext.BaseDirectory, Environment.ProcessPath, Environment.CurrentDirectory, Environment.GetEnvironmentVariable("PATH"));
        }
        catch (IOException)
        {
            // The current folder was deleted.
            return Installed;
        }
    }

    /// <summary>The command that starts a program.</summary>
    /// <param name="folder">The folder of its assemblies.</param>
    /// <param name="process">The running executable: the program's own, or <c>dotnet</c>.</param>
    /// <param name="current">The current folder.</param>
    /// <param name="path">The <c>PATH</c>.</param>
    public static string Of(string folder, string? process, string current, string? path)
    {
        folder = Path.TrimEndingDirectorySeparator(folder);

        // A build output is in bin/<configuration>/<framework> of its project.
        if (Path.GetDirectoryName(Path.GetDirectoryName(folder)) is { } bin
            && Path.GetFileName(bin) == "bin"
            && Path.GetDirectoryName(bin) is { } project
            && File.Exists(Path.Combine(project, ProjectFile)))
        {
            return $"dotnet run --project {Quoted(From(current, project))} --";
        }

        if (Path.GetFileNameWithoutExtension(process) == "dotnet" && IsOfPackage(folder))
            return $"dnx {Installed}";
        if (process is null || Path.GetFileNameWithoutExtension(process) != Installed)
            return $"dotnet {Quoted(From(current, Path.Combine(folder, Installed + ".dll")))}";
        if (IsOnPath(process, path))
            return Installed;

        // A shell looks up a name without a separator only on the PATH.
        var relative = From(current, process);
        return Quoted(relative.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal) ? relative : Path.Combine(".", relative));
    }

    /// <summary>Whether a shell starts this executable by its name. The first file of that name on the <c>PATH</c> counts.</summary>
    private static bool IsOnPath(string process, string? path) =>
        (path ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(entry => Path.Combine(entry, Path.GetFileName(process)))
            .FirstOrDefault(File.Exists) is { } first
        && Resolved(first) == Resolved(process);

    /// <summary>The path without links. The runtime reports the running executable so, while folders on the <c>PATH</c> and files in them may be links.</summary>
    private static string Resolved(string path)
    {
        path = Path.GetFullPath(path);
        if (Path.GetDirectoryName(path) is not { } folder)
            return path;

        path = Path.Combine(Resolved(folder), Path.GetFileName(path));
        return new FileInfo(path).LinkTarget is { } target ? Resolved(Path.Combine(Path.GetDirectoryName(path)!, target)) : path;
    }

    /// <summary>
    /// Whether the assemblies are in an unpacked package, where <c>dnx</c> runs tools: <c>fopwatch/1.2.3/tools/net10.0/any</c>.
    /// </summary>
    private static bool IsOfPackage(string folder) =>
        folder.Split(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar) is [.., Installed, _, "tools", _, "any"];

    private static string From(string current, string path)
    {
        var relative = Path.GetRelativePath(current, path);
        return relative.Length < path.Length ? relative : path;
    }

    /// <summary>A path as a word of a shell.</summary>
    public static string Quoted(string path) =>
        path.All(c => char.IsLetterOrDigit(c) || c is '/' or '\\' or ':' or '.' or '-' or '_' or '~') ? path : $"'{path.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
