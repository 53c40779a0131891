namespace FopWatch.Packages.Tests;

/// <summary>The library packages: their content, and a program that gets them from nowhere else.</summary>
public sealed class LibraryTests(Packed packed)
{
    public static TheoryData<string> Ids => [.. Packed.Projects.Select(IdOf)];

    [Theory]
    [MemberData(nameof(Ids))]
    public void A_package_names_its_content_licence_and_commit(string id)
    {
        var metadata = packed.Metadata(id);
        string? Of(string name) => metadata.Elements().FirstOrDefault(element => element.Name.LocalName == name)?.Value;

        Assert.Equal(id, Of("id"));
        Assert.Equal("MIT", Of("license"));
        Assert.Equal("README.md", Of("readme"));
        Assert.InRange(Of("description")!.Length, 40, 400);
        Assert.DoesNotContain("Package Description", Of("description"), StringComparison.Ordinal);
        using var package = packed.Open(id);
        Assert.Contains(package.Entries, entry => entry.FullName == "README.md" && entry.Length > 500);

        // A source archive has no commit.
        if (Path.Exists(Path.Combine(Sdk.Repository, ".git")))
            Assert.Matches("^[0-9a-f]{40}$", metadata.Elements().Single(element => element.Name.LocalName == "repository").Attribute("commit")?.Value);
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void A_library_has_symbols_for_debuggers_and_documentation(string id)
    {
        if (id == "fopwatch")
            return;
        using var package = packed.Open(id);
        using var symbols = packed.Open(id, "snupkg");

        var assemblies = package.Entries.Where(entry => entry.FullName.EndsWith(".dll", StringComparison.Ordinal)).Select(entry => entry.FullName).ToList();
        Assert.NotEmpty(assemblies);
        Assert.All(assemblies, assembly =>
        {
            Assert.Contains(package.Entries, entry => entry.FullName == Path.ChangeExtension(assembly, ".xml"));
            Assert.Contains(symbols.Entries, entry => entry.FullName == Path.ChangeExtension(assembly, ".pdb"));
        });
    }

    /// <summary>An application with the packed client registers a job at a host installed from the packages, and reads an event.</summary>
    [Fact]
    public async Task A_program_in_an_empty_folder_registers_and_reads_an_event_with_the_packed_packages_alone()
    {
        using var folder = new TempFolder();
        await WriteAsync(folder, "Consumer.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="FopWatch.Client" Version="{packed.Version}" />
              </ItemGroup>
            </Project>
            """);
        await WriteAsync(folder, "Program.cs", """
            using FopWatch.Client;
            using FopWatch.Contracts;

            if (!JobEvent.TryParse(File.ReadAllText("event.json"), out var happened, out var reason))
                throw new InvalidOperationException(reason);
            Console.WriteLine($"{happened.Data.Source}/{happened.Data.Id} {happened.Data.State} {happened.Data.Version}");

            using var client = new FopWatchClient(new() { Url = new(args[0]) });
            await client.RegisterAsync(new() { Source = "media", Id = "z0.registered" });
            await foreach (var job in client.ListAsync())
                Console.WriteLine($"{job.Source}/{job.Id} {job.State}");
            """);
        File.Copy(Path.Combine(Sdk.Repository, "tests", "FopWatch.Packages.Tests", "event.json"), Path.Combine(folder.FullName, "event.json"));
        File.Copy(packed.NuGetConfig, Path.Combine(folder.FullName, "nuget.config"));
        await Sdk.DotnetAsync(folder.FullName, packed.NewUser, "build", "--nologo", "-v", "quiet");

        using var tool = await InstalledTool.InstallAsync(packed);
        await using var host = await tool.ServeAsync("data", new()
        {
            ["FopWatch__Sources__media__Provider"] = "Qiniu",
            ["FopWatch__Sources__media__NotifyTokens__0"] = "abcdefgh",
            ["FopWatch__Sources__media__StatusEndpoint"] = "http://127.0.0.1:9",
        });
        var (exit, output, error) = await Sdk.RunAsync(
            folder.FullName, packed.NewUser, "dotnet", Path.Combine("bin", "Debug", "net10.0", "Consumer.dll"), host.Url.AbsoluteUri);

        Assert.Equal((0, ""), (exit, error));
        Assert.Equal("media/z0.a Succeeded 2\nmedia/z0.registered Waiting\n", output.ReplaceLineEndings("\n"));
    }

    /// <summary>A library that required another version of its neighbour would combine two versions that were never tested together.</summary>
    [Fact]
    public void The_client_requires_the_contracts_of_its_own_version()
    {
        var contracts = packed.Metadata("FopWatch.Client").Descendants()
            .Single(element => element.Name.LocalName == "dependency" && element.Attribute("id")?.Value == "FopWatch.Contracts");

        Assert.Equal(packed.Version, contracts.Attribute("version")?.Value);
    }

    private static string IdOf(string project) => project == "FopWatch.Local" ? "fopwatch" : project;

    private static Task WriteAsync(TempFolder folder, string name, string text) =>
        File.WriteAllTextAsync(Path.Combine(folder.FullName, name), text, TestContext.Current.CancellationToken);
}
