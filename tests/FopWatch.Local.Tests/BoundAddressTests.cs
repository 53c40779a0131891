using System.Globalization;
using System.Net;
using System.Net.Sockets;
using FopWatch.Local.Hosting;
using FopWatch.Settings;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Local.Tests;

/// <summary>The addresses that the host binds without an API key, whatever their names and wherever they are configured.</summary>
public sealed class BoundAddressTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    /// <summary>Started without reading the settings, which would refuse these addresses first.</summary>
    [Theory]
    [InlineData("http://loopback:0")]
    [InlineData("http://any-name:0")]
    [InlineData("http://localhost.:0")]
    [InlineData("http://+:0")]
    [InlineData("http://*:0")]
    [InlineData("http://0.0.0.0:0")]
    [InlineData("http://[::]:0")]
    [InlineData("http://127.0.0.1:0;http://[::]:0")]
    public async Task Without_a_key_only_loopback_addresses_are_bound(string urls)
    {
        var refused = await Assert.ThrowsAsync<ListenException>(() => StartAsync(urls, null));
        Assert.Matches(@"^Without FopWatch:ApiKey, the host does not listen on (0\.0\.0\.0|\[::\]):0, which is not a loopback address\. Set a key", refused.Message);

        await using var host = await StartAsync(urls, "0123456789abcdef");
        Assert.NotEqual(0, host.Url.Port);
    }

    [Theory]
    [InlineData("http://127.0.0.1:0")]
    [InlineData("http://127.0.0.2:0")]
    [InlineData("http://fop.localhost:PORT")]
    [InlineData("http://localhost:PORT")]
    public async Task Loopback_addresses_are_bound_without_a_key(string urls)
    {
        await using var host = await StartAsync(urls.Replace("PORT", Loopback.FreePort().ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal), null);

        // The names resolve to 127.0.0.1 and, if the machine has it, ::1.
        var bound = host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        using var http = new HttpClient { BaseAddress = new(bound.First().Replace("fop.localhost", "localhost", StringComparison.Ordinal)) };
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/api/jobs", Cancelled)).StatusCode);
    }

    /// <summary>The environment variables and settings by which ASP.NET Core's own hosts choose their addresses.</summary>
    [Fact]
    public async Task The_program_listens_only_on_the_addresses_given_by_urls()
    {
        var other = Loopback.FreePort();
        var any = string.Create(CultureInfo.InvariantCulture, $"http://0.0.0.0:{other}");
        using var host = new HostProcess(_folder.FullName, new Dictionary<string, string?>(), variables: new()
        {
            ["ASPNETCORE_URLS"] = any,
            ["DOTNET_URLS"] = any,
            ["URLS"] = any,
            ["ASPNETCORE_HTTP_PORTS"] = other.ToString(CultureInfo.InvariantCulture),
            ["HTTP_PORTS"] = other.ToString(CultureInfo.InvariantCulture),
            ["Kestrel__Endpoints__any__Url"] = any,
            ["ASPNETCORE_Kestrel__Endpoints__any__Url"] = any,
        });
        host.Start();
        await Eventually.HoldsAsync(() => ListensAsync(host.Url.Port));

        Assert.False(await ListensAsync(other));
        Assert.True(host.Runs);
    }

    private Task<LocalHost> StartAsync(string urls, string? apiKey) => LocalHost.StartAsync(
        new() { Shared = FopWatchSettings.Read(new Dictionary<string, string?>()), Urls = urls, Data = _folder.FullName, ApiKey = apiKey },
        TimeProvider.System,
        logging: null,
        Cancelled);

    private static async Task<bool> ListensAsync(int port)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port, Cancelled);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
