using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace FopWatch.Dashboard.Tests;

/// <summary>A tab of the browser, with its errors and its requests.</summary>
public sealed class Tab : IAsyncDisposable
{
    private readonly IBrowserContext _context;

    internal Tab(IBrowserContext context, IPage page)
    {
        (_context, Page) = (context, page);

        // The console has an error for every 4xx and 5xx answer, and for every violation of the Content-Security-Policy.
        page.Console += (_, message) => Note(message.Type == "error" || message.Text.Contains("Content Security Policy", StringComparison.Ordinal), message.Text);
        page.PageError += (_, error) => Note(true, error);
        page.Dialog += async (_, dialog) =>
        {
            Note(true, $"A script of a stranger ran: {dialog.Message}");
            await dialog.DismissAsync();
        };
        page.Request += (_, request) => Requests.Enqueue(request);
    }

    public IPage Page { get; }

    public ConcurrentQueue<IRequest> Requests { get; } = new();

    public ConcurrentQueue<string> Errors { get; } = new();

    /// <summary>The content below the heading, once it is loaded.</summary>
    public ILocator Loaded => Page.Locator("main .loaded").First;

    /// <summary>How far the page scrolls horizontally, in pixels.</summary>
    public Task<int> SidewaysAsync() => Page.EvaluateAsync<int>("() => { scrollTo(9999, 0); const by = Math.ceil(scrollX); scrollTo(0, 0); return by; }");

    /// <summary>Opens another page of the dashboard, and waits until it is loaded.</summary>
    public async Task ShowAsync(string hash)
    {
        await Page.EvaluateAsync("hash => { location.hash = hash; }", hash);
        await Loaded.WaitForAsync();
    }

    public ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    /// <summary>Answers the confirmation dialog.</summary>
    public async Task<string> AnswerAsync(string button)
    {
        var dialog = Page.GetByRole(AriaRole.Dialog);
        var text = await dialog.InnerTextAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync();
        return text;
    }

    /// <summary>Makes the tab believe that it is hidden or shown.</summary>
    public Task HideAsync(bool hidden) => Page.EvaluateAsync(
        "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true }); document.dispatchEvent(new Event('visibilitychange')); }", hidden);

    public ValueTask DisposeAsync() => _context.DisposeAsync();

    private void Note(bool isWrong, string text)
    {
        if (isWrong)
            Errors.Enqueue(text);
    }
}
