using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;

namespace FopWatch.Packages.Tests;

/// <summary>
/// The container image that the SDK builds on an empty base image. The test starts what a container would start: the image's program with the image's
/// variables.
/// </summary>
public sealed class ContainerTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_image_is_not_root_listens_on_every_address_keeps_data_in_a_volume_and_needs_a_key()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The image is for Linux.");
        using var folder = new TempFolder();
        await using var registry = await BaseImageRegistry.StartAsync();
        var archive = Path.Combine(folder.FullName, "image.tar");
        await Sdk.DotnetAsync(
            Sdk.Repository,
            new Dictionary<string, string> { ["TMPDIR"] = folder.FullName },
            "publish", Path.Combine("src", "FopWatch.Local"), "-c", Sdk.Configuration, "--nologo", "-v", "quiet", "-t:PublishContainer",
            $"-p:PublishDir={Path.Combine(folder.FullName, "publish")}/", $"-p:ContainerBaseImage={registry.Image}", $"-p:ContainerArchiveOutputPath={archive}");

        var image = await ExtractAsync(archive, Path.Combine(folder.FullName, "image"));
        var config = image.GetProperty("config");

        // A number: from a name Kubernetes cannot tell whether the user is root.
        Assert.Equal("1654", config.GetProperty("User").GetString());
        Assert.Equal(["7071/tcp"], config.GetProperty("ExposedPorts").EnumerateObject().Select(port => port.Name).Where(name => name.StartsWith("7071", StringComparison.Ordinal)));
        Assert.Equal("/app/", config.GetProperty("WorkingDir").GetString());
        var variables = config.GetProperty("Env").EnumerateArray().Select(variable => variable.GetString()!.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        Assert.Equal("http://0.0.0.0:7071", variables["FOPWATCH_URLS"]);
        Assert.Equal("/data", variables["FOPWATCH_DATA"]);
        var labels = config.GetProperty("Labels");
        Assert.Equal("MIT", labels.GetProperty("org.opencontainers.image.licenses").GetString());
        Assert.Equal("FopWatch", labels.GetProperty("org.opencontainers.image.title").GetString());
        Assert.StartsWith("0.", labels.GetProperty("org.opencontainers.image.version").GetString(), StringComparison.Ordinal);

        string[] command =
        [
            .. config.TryGetProperty("Entrypoint", out var entry) ? entry.EnumerateArray().Select(word => word.GetString()!) : [],
            .. config.TryGetProperty("Cmd", out var words) ? words.EnumerateArray().Select(word => word.GetString()!) : [],
        ];
        Assert.Equal(["dotnet", "/app/fopwatch.dll"], command);

        var root = Path.Combine(folder.FullName, "image", "root");
        Assert.False(File.Exists(Path.Combine(root, "app", "fopwatch.json")));
        var program = Path.Combine(root, command[1].TrimStart('/'));
        variables["FOPWATCH_DATA"] = Path.Combine(folder.FullName, "data");
        variables.Remove("PATH");
        var (exit, output, error) = await Sdk.RunAsync(folder.FullName, variables, command[0], program);
        Assert.Equal((2, ""), (exit, output));
        Assert.Contains("FopWatch:ApiKey is missing, and other machines can reach the host: --urls has http://0.0.0.0:7071", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(variables["FOPWATCH_DATA"]));

        // With a key, the same container's settings are valid.
        variables["FopWatch__ApiKey"] = "0123456789abcdef";
        var check = await Sdk.RunAsync(folder.FullName, variables, command[0], program, "config", "check");
        Assert.True(check.Exit == 0, check.Error);
    }

    /// <summary>Extracts the layers of an image into the folder <c>root</c>, and returns its configuration.</summary>
    private static async Task<JsonElement> ExtractAsync(string archive, string folder)
    {
        Directory.CreateDirectory(Path.Combine(folder, "root"));
        await TarFile.ExtractToDirectoryAsync(archive, folder, overwriteFiles: false, Cancelled);
        var manifest = await ReadAsync(Path.Combine(folder, "manifest.json"));
        foreach (var layer in manifest[0].GetProperty("Layers").EnumerateArray())
        {
            await using var compressed = File.OpenRead(Path.Combine(folder, layer.GetString()!));
            await using var content = new GZipStream(compressed, CompressionMode.Decompress);
            await TarFile.ExtractToDirectoryAsync(content, Path.Combine(folder, "root"), overwriteFiles: true, Cancelled);
        }

        return await ReadAsync(Path.Combine(folder, manifest[0].GetProperty("Config").GetString()!));
    }

    private static async Task<JsonElement> ReadAsync(string file)
    {
        await using var content = File.OpenRead(file);
        return (await JsonDocument.ParseAsync(content, cancellationToken: Cancelled)).RootElement;
    }
}
