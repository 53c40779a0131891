using System.IO.Compression;
using System.Xml.Linq;
using FopWatch.Packages.Tests;

[assembly: AssemblyFixture(typeof(Packed))]

namespace FopWatch.Packages.Tests;

/// <summary>The packages as a release packs them, in a folder that is the only package source.</summary>
public sealed class Packed : IAsyncLifetime
{
    public static readonly string[] Projects = ["FopWatch.Client", "FopWatch.Contracts", "FopWatch.Local"];

    private readonly TempFolder _folder = new();

    public string Feed => Path.Combine(_folder.FullName, "feed");

    public string Version { get; private set; } = "";

    /// <summary>A NuGet configuration whose only sources are <see cref="Feed"/> and the packages that the build restored.</summary>
    public string NuGetConfig => Path.Combine(_folder.FullName, "nuget.config");

    /// <summary>The environment variables of a user who has never restored a package.</summary>
    public IReadOnlyDictionary<string, string> NewUser => new Dictionary<string, string>
    {
        ["HOME"] = Path.Combine(_folder.FullName, "home"),
        ["DOTNET_CLI_HOME"] = Path.Combine(_folder.FullName, "home"),
        ["NUGET_PACKAGES"] = Path.Combine(_folder.FullName, "packages"),
    };

    public async ValueTask InitializeAsync()
    {
        foreach (var project in Projects)
        {
            await Sdk.DotnetAsync(
                Sdk.Repository, null, "pack", Path.Combine("src", project), "-c", Sdk.Configuration, "-o", Feed, "--nologo", "-v", "quiet", "-clp:ErrorsOnly");
        }

        Directory.CreateDirectory(NewUser["HOME"]);
        await File.WriteAllTextAsync(NuGetConfig, $"""
            <configuration>
              <packageSources><clear /><add key="packed" value="{Feed}" /></packageSources>
              <fallbackPackageFolders><clear /><add key="restored" value="{Sdk.RestoredPackages}" /></fallbackPackageFolders>
            </configuration>
            """);
        var names = Directory.GetFiles(Feed, "*.nupkg").Select(path => Path.GetFileNameWithoutExtension(path)!).ToList();
        Version = Assert.Single(names.Select(name => name[(name.IndexOfAny([.. "0123456789"]))..]).Distinct());
    }

    public ZipArchive Open(string id, string extension = "nupkg") => ZipFile.OpenRead(Path.Combine(Feed, $"{id}.{Version}.{extension}"));

    public XElement Metadata(string id)
    {
        using var package = Open(id);
        using var nuspec = package.Entries.Single(entry => entry.FullName == $"{id}.nuspec").Open();
        return XDocument.Load(nuspec).Root!.Elements().Single();
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
