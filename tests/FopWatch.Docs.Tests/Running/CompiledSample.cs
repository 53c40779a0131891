namespace FopWatch.Docs.Tests;

/// <summary>Compiles a document's C#: statements of a program that uses FopWatch.Contracts and Azure's Service Bus client.</summary>
internal static class CompiledSample
{
    /// <summary>The rest of a reader's program.</summary>
    private const string Surroundings = """
        global using System;
        global using System.Collections.Generic;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        global using Azure.Identity;
        global using Azure.Messaging.ServiceBus;
        global using FopWatch.Contracts;
        """;

    private const string OwnMethod = "static Task SaveIfNewerAsync(JobRecord job) => Task.FromResult(job);";

    /// <summary>Compiles, or skips the test if the sample's packages are not available.</summary>
    /// <returns>The compiler's errors and warnings.</returns>
    public static async Task<string> ErrorsAsync(string code, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("fopwatch-docs-");
        try
        {
            return await BuildAsync(code, folder.FullName, cancellationToken);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Compiles to a program in a folder, which <c>dotnet</c> runs, or skips the test if the sample's packages are not available.</summary>
    /// <returns>The compiler's errors and warnings.</returns>
    public static async Task<string> BuildAsync(string code, string folder, CancellationToken cancellationToken)
    {
        // The example subscriber uses the same packages.
        var subscriber = Path.Combine(Repository.PathOf("src"), "FopWatch.Subscriber", "bin", Configuration, "net10.0");
        Assert.SkipUnless(File.Exists(Path.Combine(subscriber, "Azure.Messaging.ServiceBus.dll")), "FopWatch.Subscriber is not built.");

        var program = Path.Combine(folder, "Program.cs");
        var surroundings = Path.Combine(folder, "Surroundings.cs");
        await File.WriteAllTextAsync(program, code + "\n" + OwnMethod, cancellationToken);
        await File.WriteAllTextAsync(surroundings, Surroundings, cancellationToken);
        string[] references =
        [
            .. Directory.EnumerateFiles(Pack("Microsoft.NETCore.App.Ref"), "*.dll"),
            .. Directory.EnumerateFiles(subscriber, "*.dll").Where(IsReference),
        ];
        await using var compiler = new RunningCommand(new(
            "dotnet",
            [
                Compiler, "-nologo", "-nullable:enable", "-warnaserror", "-nowarn:CS1701,CS1702", "-target:exe", $"-out:{Path.Combine(folder, "sample.dll")}",
                .. references.Select(path => $"-reference:{path}"), program, surroundings,
            ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        });
        var exit = await compiler.ExitAsync(cancellationToken);
        if (exit != 0)
            return $"The compiler ended with {exit}:\n{compiler.Output}{compiler.Errors}";

        // The files that the program needs to run.
        File.Copy(Path.Combine(subscriber, "FopWatch.Contracts.dll"), Path.Combine(folder, "FopWatch.Contracts.dll"));
        File.Copy(Path.Combine(subscriber, "FopWatch.Subscriber.runtimeconfig.json"), Path.Combine(folder, "sample.runtimeconfig.json"));
        return "";
    }

    private static string Configuration => Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar))!);

    private static string DotnetFolder =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));

    private static string Compiler => Latest(Path.Combine(DotnetFolder, "sdk"), Path.Combine("Roslyn", "bincore", "csc.dll"));

    private static bool IsReference(string path) => Path.GetFileName(path) is var name
        && (name.StartsWith("Azure.", StringComparison.Ordinal) || name.StartsWith("System.", StringComparison.Ordinal)
            || name == "FopWatch.Contracts.dll");

    private static string Pack(string name) => Latest(Path.Combine(DotnetFolder, "packs", name), Path.Combine("ref", "net10.0"));

    /// <summary>A path below the folder of the latest version that has it.</summary>
    private static string Latest(string folder, string path) => Directory.EnumerateDirectories(folder)
        .Where(version => Version.TryParse(Path.GetFileName(version).Split('-')[0], out _) && Path.Exists(Path.Combine(version, path)))
        .MaxBy(version => Version.Parse(Path.GetFileName(version).Split('-')[0])) is { } latest
        ? Path.Combine(latest, path)
        : throw new DirectoryNotFoundException($"No folder below {folder} contains {path}.");
}
