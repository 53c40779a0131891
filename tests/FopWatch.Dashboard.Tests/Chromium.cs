using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(FopWatch.Dashboard.Tests.Chromium))]

namespace FopWatch.Dashboard.Tests;

/// <summary>The browser of this machine, started once for all tests. Tests are skipped if there is none.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private static readonly string[] Paths = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        if (Paths.FirstOrDefault(File.Exists) is not { } path)
            return;
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = path,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
        });
    }

    /// <summary>Opens a tab with separate storage.</summary>
    /// <param name="url">The page to open.</param>
    /// <param name="language">The browser's preferred language.</param>
    /// <param name="theme">The system's preferred colour scheme.</param>
    /// <param name="width">The width in pixels.</param>
    public async Task<Tab> OpenAsync(Uri url, string language = "en-GB", ColorScheme theme = ColorScheme.Light, int width = 1440)
    {
        Assert.SkipWhen(_browser is null, $"Chromium is not installed: none of {string.Join(", ", Paths)} exists.");
        var context = await _browser.NewContextAsync(new()
        {
            Locale = language,
            ColorScheme = theme,
            ViewportSize = new() { Width = width, Height = 900 },
            AcceptDownloads = true,
        });
        context.SetDefaultTimeout(60_000);
        var tab = new Tab(context, await context.NewPageAsync());
        await tab.Page.GotoAsync(url.AbsoluteUri);
        return tab;
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
    }
}
