namespace FopWatch.Docs.Tests;

/// <summary>The files of this repository as in a clone: without build output, packages and secrets.</summary>
internal static class Repository
{
    private static readonly string[] SkippedFolders =
        [".git", ".vs", ".vscode", ".idea", ".azure", "bin", "obj", "artifacts", "node_modules", "fopwatch-data", "TestResults"];

    public static string Root { get; } = FindRoot();

    public static string PathOf(string path) => Path.Combine(Root, path);

    /// <summary>Every file by its path from the root.</summary>
    public static IEnumerable<string> Files() => FilesBelow(new(Root)).Select(file => Path.GetRelativePath(Root, file.FullName));

    private static IEnumerable<FileInfo> FilesBelow(DirectoryInfo folder) => folder.EnumerateFiles()
        .Where(file => !IsSecret(file.Name) && file.Name != ".git")
        .Concat(folder.EnumerateDirectories()
            .Where(one => !SkippedFolders.Contains(one.Name, StringComparer.Ordinal))
            .SelectMany(FilesBelow));

    private static bool IsSecret(string name) => name is "local.settings.json" or "fopwatch.json";

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "FopWatch.slnx")))
                return folder.FullName;
        }

        throw new InvalidOperationException("No folder above this program contains FopWatch.slnx.");
    }
}
