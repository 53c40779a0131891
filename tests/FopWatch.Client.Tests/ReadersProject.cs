using System.Diagnostics;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace FopWatch.Client.Tests;

/// <summary>
/// A new console project, as a reader makes it: with the global usings of the SDK, and none of these tests. It references the client instead of its package,
/// which FopWatch.Packages.Tests installs.
/// </summary>
internal sealed class ReadersProject : IDisposable
{
    private readonly TempFolder _folder = new();

    /// <summary>The compiled program, which <c>dotnet</c> runs.</summary>
    public string Program => Path.Combine(_folder.FullName, "bin", "Debug", "net10.0", "Reader.dll");

    /// <summary>The first block in C# of a document.</summary>
    public static string FirstBlockOf(string document)
    {
        using var page = new StreamReader(typeof(ReadersProject).Assembly.GetManifestResourceStream(document)!);
        return Regex.Match(page.ReadToEnd().ReplaceLineEndings("\n"), "```csharp\n(.*?)```\n", RegexOptions.Singleline).Groups[1].Value;
    }

    /// <summary>Compiles a program. Warnings are errors.</summary>
    public static async Task<ReadersProject> BuildAsync(string code)
    {
        var project = new ReadersProject();
        try
        {
            await project.BuildItAsync(code);
            return project;
        }
        catch
        {
            project.Dispose();
            throw;
        }
    }

    public void Dispose() => _folder.Dispose();

    private async Task BuildItAsync(string code)
    {
        // What the package would bring: the client, the contracts and the packages that it needs.
        var here = AppContext.BaseDirectory;
        var libraries = Directory.EnumerateFiles(here, "*.dll")
            .Where(path => Path.GetFileName(path) is "FopWatch.Client.dll" or "FopWatch.Contracts.dll" || Path.GetFileName(path).StartsWith("Microsoft.Extensions.", StringComparison.Ordinal));
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "Program.cs"), code);
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "Reader.csproj"), new XElement(
            "Project",
            new XAttribute("Sdk", "Microsoft.NET.Sdk"),
            new XElement(
                "PropertyGroup",
                new XElement("OutputType", "Exe"),
                new XElement("TargetFramework", "net10.0"),
                new XElement("ImplicitUsings", "enable"),
                new XElement("Nullable", "enable"),
                new XElement("TreatWarningsAsErrors", "true"),
                new XElement("UseAppHost", "false")),
            new XElement(
                "ItemGroup",
                new XElement("FrameworkReference", new XAttribute("Include", "Microsoft.AspNetCore.App")),
                libraries.Select(path => new XElement("Reference", new XAttribute("Include", path))))).ToString());
        var start = new ProcessStartInfo("dotnet", ["build", "--nologo", "-v", "quiet"])
        {
            WorkingDirectory = _folder.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var build = Process.Start(start)!;
        var (output, error) = (build.StandardOutput.ReadToEndAsync(), build.StandardError.ReadToEndAsync());
        await build.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(build.ExitCode == 0, $"{await output}{await error}");
    }
}
