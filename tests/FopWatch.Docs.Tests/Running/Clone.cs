using System.Diagnostics;
using System.Text;

namespace FopWatch.Docs.Tests;

/// <summary>
/// The repository as in a fresh clone with an empty home folder: a copy without build output, which has
/// only the NuGet cache and sources of the current user.
/// </summary>
internal sealed class Clone : IDisposable
{
    private const string StatusMark = "HTTP status ";

    private readonly DirectoryInfo _parent = Directory.CreateTempSubdirectory("fopwatch-docs-");

    public Clone()
    {
        Folder = _parent.CreateSubdirectory("fopwatch").FullName;
        Home = _parent.CreateSubdirectory("home").FullName;
        foreach (var path in Repository.Files())
        {
            var copy = Path.Combine(Folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(Repository.PathOf(path), copy);
        }

        // curl prints the status of each answer to standard error. It sends the API key, as the README tells its reader to.
        File.WriteAllText(
            Path.Combine(Home, ".curlrc"),
            $"header = \"X-Api-Key: {Settings.ApiKey}\"\nsilent\nshow-error\nwrite-out = \"%{{stderr}}{StatusMark}%{{http_code}}\\n\"\n");
        CopyOfUser(".nuget/NuGet/NuGet.Config");
        CopyOfUser(".npmrc");
    }

    public string Folder { get; }

    public string Home { get; }

    /// <summary>Starts a command in the root of the clone.</summary>
    public RunningCommand Start(string script)
    {
        var start = new ProcessStartInfo("bash", ["-c", script])
        {
            WorkingDirectory = Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (var name in start.Environment.Keys.Where(IsOfUser).ToList())
            start.Environment.Remove(name);
        start.Environment["HOME"] = Home;
        start.Environment["DOTNET_CLI_HOME"] = Home;
        start.Environment["NUGET_PACKAGES"] = PackagesOfUser();
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";

        // Build servers would outlive the test and hold its output open.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["UseSharedCompilation"] = "false";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";

        // The same code is analyzed by the build of this test. Analyzing it again takes most of the time of a build.
        start.Environment["RunAnalyzers"] = "false";
        return new(start);
    }

    /// <summary>The status of the last answer to curl in a command; null if there was none.</summary>
    public static int? StatusIn(string errors)
    {
        var at = errors.LastIndexOf(StatusMark, StringComparison.Ordinal);
        return at >= 0 && int.TryParse(errors.AsSpan(at + StatusMark.Length, 3), out var status) ? status : null;
    }

    public void Dispose() => _parent.Delete(recursive: true);

    /// <summary>Whether a variable affects the documents' programs and would not be set in a reader's environment.</summary>
    private static bool IsOfUser(string name) =>
        name.StartsWith("FOPWATCH", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("OTEL_", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("ASPNETCORE_", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("Logging__", StringComparison.OrdinalIgnoreCase)
        || name.Equals("Configuration", StringComparison.OrdinalIgnoreCase);

    private static string PackagesOfUser() =>
        Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } folder ? folder : OfUser(".nuget/packages");

    private static string OfUser(string path) => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), path);

    private void CopyOfUser(string path)
    {
        if (!File.Exists(OfUser(path)))
            return;
        var copy = Path.Combine(Home, path);
        Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
        File.Copy(OfUser(path), copy);
    }
}
