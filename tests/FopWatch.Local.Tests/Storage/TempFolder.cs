namespace FopWatch.Local.Tests.Storage;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TempFolder : IDisposable
{
    public string FullName { get; } = Directory.CreateTempSubdirectory("fopwatch-").FullName;

    public string DatabasePath => Path.Combine(FullName, "fopwatch.db");

    public void Dispose() => Directory.Delete(FullName, recursive: true);
}
