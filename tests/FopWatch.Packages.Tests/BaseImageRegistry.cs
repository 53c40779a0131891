using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Packages.Tests;

/// <summary>
/// A local registry with one image, which stands in for Microsoft's: an empty layer, and those settings of the .NET images that matter
/// here. It implements the part of the OCI distribution API that pulling an image needs.
/// </summary>
internal sealed class BaseImageRegistry : IAsyncDisposable
{
    private const string Manifest = "application/vnd.docker.distribution.manifest.v2+json";

    private readonly WebApplication _app;

    private BaseImageRegistry(WebApplication app, int port) => (_app, Image) = (app, $"localhost:{port}/dotnet/aspnet:10.0");

    public string Image { get; }

    public static async Task<BaseImageRegistry> StartAsync()
    {
        var (layer, layerContent) = EmptyLayer();
        var config = JsonSerializer.SerializeToUtf8Bytes(new
        {
            architecture = "amd64",
            os = "linux",
            config = new { Env = new[] { "PATH=/usr/bin", "APP_UID=1654", "ASPNETCORE_HTTP_PORTS=8080" } },
            rootfs = new { type = "layers", diff_ids = new[] { Digest(layerContent) } },
            history = new[] { new { created = "2026-01-01T00:00:00Z" } },
        });
        var manifest = JsonSerializer.SerializeToUtf8Bytes(new
        {
            schemaVersion = 2,
            mediaType = Manifest,
            config = new { mediaType = "application/vnd.docker.container.image.v1+json", size = config.Length, digest = Digest(config) },
            layers = new[] { new { mediaType = "application/vnd.docker.image.rootfs.diff.tar.gzip", size = layer.Length, digest = Digest(layer) } },
        });
        Dictionary<string, byte[]> blobs = new() { [Digest(config)] = config, [Digest(layer)] = layer };

        var port = Loopback.FreePort();
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrel().UseUrls($"http://localhost:{port}");
        builder.Services.AddRoutingCore();
        var app = builder.Build();
        app.MapMethods("/v2/dotnet/aspnet/manifests/{reference}", ["GET", "HEAD"], (HttpContext context) =>
        {
            context.Response.Headers["Docker-Content-Digest"] = Digest(manifest);
            return Results.Bytes(manifest, Manifest);
        });
        app.MapMethods("/v2/dotnet/aspnet/blobs/{digest}", ["GET", "HEAD"], (string digest) =>
            blobs.TryGetValue(digest, out var blob) ? Results.Bytes(blob, "application/octet-stream") : Results.NotFound());
        await app.StartAsync();
        return new(app, port);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static (byte[] Compressed, byte[] Content) EmptyLayer()
    {
        using var content = new MemoryStream();
        using (var tar = new TarWriter(content, leaveOpen: true))
            tar.WriteEntry(new PaxTarEntry(TarEntryType.Directory, "home/app/") { Uid = 1654, Gid = 1654 });
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(content.ToArray());
        return (compressed.ToArray(), content.ToArray());
    }

    private static string Digest(byte[] content) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(content))}";
}
