using Microsoft.Playwright;

namespace FopWatch.Dashboard.Tests;

/// <summary>Finding jobs and acting on them.</summary>
public sealed class JobTests(Chromium chromium, SeededHost host)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Jobs_are_found_as_you_type_and_filters_are_kept_in_the_URL()
    {
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/jobs"));
        await tab.Loaded.WaitForAsync();
        await tab.Page.GetByRole(AriaRole.Group, new() { Name = "State" }).GetByRole(AriaRole.Button, new() { Name = "Failed", Exact = true }).ClickAsync();
        await tab.Page.GetByRole(AriaRole.Searchbox).FillAsync("z0.job00");
        await Eventually.HoldsAsync(async () => await Rows(tab).CountAsync() == 2);
        Assert.Equal("#/jobs?state=failed&id=z0.job00", new Uri(tab.Page.Url).Fragment);

        await tab.Page.ReloadAsync();
        await Eventually.HoldsAsync(async () => await Rows(tab).CountAsync() == 2);
        Assert.Equal("z0.job00", await tab.Page.GetByRole(AriaRole.Searchbox).InputValueAsync());
        await tab.Page.Locator(".count").GetByText("2 jobs").WaitForAsync();

        await tab.Page.GetByRole(AriaRole.Searchbox).FillAsync("nothing-like-it");
        await tab.Page.GetByText("No job matches.").WaitForAsync();
        await tab.Page.GetByText("Clear the filters").ClickAsync();
        await Eventually.HoldsAsync(async () => await Rows(tab).CountAsync() == 100);
        await tab.Button("Show more").ClickAsync();
        await Eventually.HoldsAsync(async () => await Rows(tab).CountAsync() > 130);
        Assert.Empty(tab.Errors);
    }

    [Fact]
    public async Task The_providers_report_is_shown_on_request_with_its_secrets_redacted()
    {
        const string Secret = "c2VjcmV0a2V5MTIzNDU2Nw==";
        await host.NotifyAsync($$"""{"id":"z0.report","code":0,"note":"{{SeededHost.Hostile}}","items":[{"cmd":"avthumb/m3u8/hlsKey/{{Secret}}/hlsKeyUrl/x","code":0,"key":"a.m3u8"}]}""");
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/jobs/media/z0.report"));
        await tab.Loaded.WaitForAsync();
        Assert.DoesNotContain(tab.Requests, request => request.Url.EndsWith("/body", StringComparison.Ordinal));

        await tab.Page.GetByText("Provider's report").ClickAsync();
        var report = tab.Page.Locator("details[data-name=body]");
        await report.GetByText("1 secret is replaced by ***.").WaitForAsync();
        await report.GetByText($"\"note\": \"{SeededHost.Hostile}\"").WaitForAsync();
        Assert.DoesNotContain(Secret, await tab.Page.Locator("body").InnerHTMLAsync(), StringComparison.Ordinal);
        Assert.Empty(tab.Errors);

        await tab.ShowAsync("#/jobs/media/z0.job120");
        await tab.Page.GetByText("Provider's report").ClickAsync();
        await tab.Page.GetByText("No report is stored.").WaitForAsync();
    }

    [Fact]
    public async Task Numbers_of_a_command_are_shown_as_the_provider_wrote_them()
    {
        await host.NotifyAsync("""{"id":"z0.numbers","code":0,"items":[{"cmd":"avinfo","code":0,"result":{"frames":9007199254740993,"bytes":123456789012345678901234}}]}""");
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/jobs/media/z0.numbers"));
        await tab.Page.Locator("details[data-name=result-0] summary").ClickAsync();
        Assert.Equal(
            "{\n  \"bytes\": 123456789012345678901234,\n  \"frames\": 9007199254740993\n}", await tab.Page.Locator("details[data-name=result-0] pre").InnerTextAsync());

        await tab.Page.Locator("details[data-name=json] summary").ClickAsync();
        Assert.Contains("\"frames\": 9007199254740993", await tab.Page.Locator("details[data-name=json] pre").InnerTextAsync(), StringComparison.Ordinal);
        Assert.Empty(tab.Errors);
    }

    [Fact]
    public async Task A_job_that_a_proxy_answers_with_a_page_of_its_own_is_shown_once_the_host_answers()
    {
        await host.RegisterAsync(new { source = "media", id = "z0.proxied" });
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/overview"));
        await tab.Loaded.WaitForAsync();
        await tab.Page.RouteAsync("**/api/jobs/media/z0.proxied", route => route.FulfillAsync(new() { Body = "<html>Maintenance" }));
        await tab.Page.EvaluateAsync("location.hash = '#/jobs/media/z0.proxied'");
        await tab.Page.Locator(".banner").GetByText("The host does not respond.").WaitForAsync();

        await tab.Page.UnrouteAsync("**/api/jobs/media/z0.proxied");
        await tab.Page.GetByText("Nothing has started, or nothing is known yet.").WaitForAsync();
        await tab.Page.Locator(".banner").WaitForAsync(new() { State = WaitForSelectorState.Hidden });
        Assert.Empty(tab.Errors);
    }

    [Fact]
    public async Task A_job_whose_first_loads_fail_is_one_error_until_one_succeeds()
    {
        await host.RegisterAsync(new { source = "media", id = "z0.failing" });
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/overview"));
        await tab.Loaded.WaitForAsync();
        var answered = 0;
        await tab.Page.RouteAsync("**/api/jobs/media/z0.failing", route =>
        {
            Interlocked.Increment(ref answered);
            return route.FulfillAsync(new() { Status = 500, Body = "{}" });
        });
        await tab.Page.EvaluateAsync("location.hash = '#/jobs/media/z0.failing'");

        // Once for the page, and once when its event stream has begun.
        await Eventually.HoldsAsync(() => answered == 2);
        await Task.Delay(300, Cancelled);
        Assert.Equal("The host had an internal error.", await tab.Page.Locator("main .state-box strong").InnerTextAsync());

        await tab.Page.UnrouteAsync("**/api/jobs/media/z0.failing");
        await tab.Button("Try again").ClickAsync();
        await tab.Loaded.WaitForAsync();
        Assert.Equal(0, await tab.Page.Locator("main .state-box").CountAsync());
    }

    [Fact]
    public async Task The_counts_of_a_job_add_up_with_commands_that_were_skipped()
    {
        await host.NotifyAsync("""{"id":"z0.skipping","code":3,"items":[{"cmd":"a","code":3},{"cmd":"b","code":0,"key":"k"},{"cmd":"c","code":1},{"cmd":"d","code":1}]}""");
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/jobs/media/z0.skipping"));
        await tab.Page.GetByText("4 in all: 1 succeeded, 1 failed, 0 open, 2 skipped").WaitForAsync();
        Assert.Empty(tab.Errors);
    }

    [Fact]
    public async Task Jobs_are_found_by_metadata()
    {
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/jobs"));
        await tab.Page.GetByLabel("Search by").SelectOptionAsync("metadata");
        await tab.Page.GetByRole(AriaRole.Searchbox).FillAsync("lesson=7");
        await Eventually.HoldsAsync(async () => await Rows(tab).CountAsync() == 13);
        Assert.Equal("#/jobs?metadata.lesson=7", new Uri(tab.Page.Url).Fragment);
    }

    [Fact]
    public async Task The_shown_jobs_are_saved_for_a_spreadsheet()
    {
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/jobs?id=z0.job00"));
        await tab.Loaded.WaitForAsync();
        var download = await tab.Page.RunAndWaitForDownloadAsync(() => tab.Button("CSV").ClickAsync());
        using var reader = new StreamReader(await download.CreateReadStreamAsync());
        var lines = (await reader.ReadToEndAsync(Cancelled)).TrimEnd().Split("\r\n");
        Assert.StartsWith("source,id,state", lines[0], StringComparison.Ordinal);
        Assert.Equal(11, lines.Length);
        Assert.Contains(lines, line => line.StartsWith("media,z0.job007,failed,notification,lessons,in/z0.job007.mp4", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_job_is_polled_stopped_and_watched_again()
    {
        await host.RegisterAsync(new { source = "media", id = "z0.acted" });
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/jobs/media/z0.acted"));
        await tab.Button("Stop watching").ClickAsync();
        Assert.Contains("After that, only a notification settles it.", await tab.AnswerAsync("Stop watching"), StringComparison.Ordinal);
        await tab.Button("Watch again").WaitForAsync();
        Assert.Equal("stopped", (string?)(await host.JobAsync("z0.acted"))["watch"]);

        await tab.Button("Watch again").ClickAsync();
        await tab.Button("Stop watching").WaitForAsync();
        host.Provider.Succeeds("z0.acted");
        await tab.Button("Poll now").ClickAsync();
        await tab.Page.Locator(".toast").GetByText("Polled: Report: Succeeded").WaitForAsync();
        await tab.Page.GetByText("Every command that ran succeeded. Settled by a poll").WaitForAsync();
        Assert.Equal("succeeded", (string?)(await host.JobAsync("z0.acted"))["state"]);

        var version = (long?)(await host.JobAsync("z0.acted"))["version"];
        await tab.Button("Republish").ClickAsync();
        await Eventually.HoldsAsync(async () => (long?)(await host.JobAsync("z0.acted"))["version"] > version);
        Assert.Empty(tab.Errors);
    }

    [Fact]
    public async Task A_job_shows_its_history_and_its_outputs()
    {
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/jobs/media/z0.job005"));
        await tab.Loaded.WaitForAsync();
        var text = await tab.Page.Locator("main").InnerTextAsync();
        Assert.Contains("Some commands succeeded and some failed.", text, StringComparison.Ordinal);
        Assert.Contains("not a valid media", text, StringComparison.Ordinal);
        Assert.Contains("lessons", text, StringComparison.Ordinal);
        Assert.Contains("out/z0.job005-0.mp4", text, StringComparison.Ordinal);
        var entries = await tab.Page.Locator(".entries li strong").AllInnerTextsAsync();
        Assert.Equal("Registered", entries[0]);
        Assert.Equal("Settled", entries[^1]);
        await Eventually.HoldsAsync(async () => await tab.Page.Locator(".timeline svg .mark").CountAsync() >= entries.Count);
        await tab.Button("Logarithmic").ClickAsync();
        Assert.Equal("true", await tab.Button("Logarithmic").GetAttributeAsync("aria-pressed"));
    }

    [Fact]
    public async Task An_open_job_is_updated_on_the_page_when_it_settles()
    {
        await host.RegisterAsync(new { source = "media", id = "z0.watched" });
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/jobs/media/z0.watched"));
        await tab.Page.GetByText("Nothing has started, or nothing is known yet.").WaitForAsync();
        await host.NotifyAsync(SeededHost.Report("z0.watched", 3));
        await tab.Page.GetByText("No command succeeded. Settled by a notification").WaitForAsync();
    }

    [Fact]
    public async Task Selected_jobs_are_stopped_after_a_confirmation_with_their_number()
    {
        await host.RegisterAsync(Enumerable.Range(0, 3).Select(number => new { source = "media", id = $"z0.picked{number}" }));
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/jobs?id=z0.picked"));
        await tab.Page.GetByLabel("Select z0.picked0").CheckAsync();
        await tab.Page.GetByLabel("Select z0.picked2").CheckAsync();
        await tab.Button("Stop watching").ClickAsync();
        Assert.Contains("Stop watching 2 jobs?", await tab.AnswerAsync("Stop watching"), StringComparison.Ordinal);
        await tab.Page.GetByText("2 of 2 done. Finished.").WaitForAsync();
        await tab.AnswerAsync("Close");
        foreach (var (number, watch) in ((int, string)[])[(0, "stopped"), (1, "watching"), (2, "stopped")])
            Assert.Equal(watch, (string?)(await host.JobAsync($"z0.picked{number}"))["watch"]);
        Assert.Empty(tab.Errors);
    }

    [Fact]
    public async Task All_jobs_of_a_filter_are_stopped_after_a_confirmation_with_their_number()
    {
        await host.RegisterAsync(Enumerable.Range(0, 120).Select(number => new { source = "media", id = $"z0.bulk{number}" }));
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/jobs?id=z0.bulk"));
        await tab.Loaded.WaitForAsync();
        await tab.Button("Stop watching").ClickAsync();
        Assert.Contains("Stop watching 120 jobs?", await tab.AnswerAsync("Cancel"), StringComparison.Ordinal);
        Assert.Equal("watching", (string?)(await host.JobAsync("z0.bulk119"))["watch"]);

        await tab.Button("Stop watching").ClickAsync();
        await tab.AnswerAsync("Stop watching");
        await tab.Page.GetByText("120 of 120 done. Finished.").WaitForAsync();
        Assert.Equal("stopped", (string?)(await host.JobAsync("z0.bulk119"))["watch"]);
        Assert.Empty(tab.Errors);
    }

    [Fact]
    public async Task An_action_that_ends_with_its_page_is_not_called_finished()
    {
        await host.RegisterAsync(Enumerable.Range(0, 2).Select(number => new { source = "media", id = $"z0.cut{number}" }));
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/jobs?id=z0.cut"));
        await tab.Loaded.WaitForAsync();

        // The host was away, and is back only after the action was confirmed: then the page starts again.
        await tab.Page.RouteAsync("**/health/live", route => route.AbortAsync());
        await tab.Page.RouteAsync("**/api/jobs?*", route => route.AbortAsync());
        await tab.Page.GetByLabel("Search jobs", new() { Exact = true }).FillAsync("z0.cu");
        await tab.Page.Locator(".banner").GetByText("The host does not respond.").WaitForAsync();
        await tab.Page.UnrouteAsync("**/api/jobs?*");
        await tab.Page.RouteAsync("**/api/jobs/stop?*confirm=*", async route =>
        {
            await tab.Page.UnrouteAsync("**/health/live");
            await tab.Page.Locator(".banner").WaitForAsync(new() { State = WaitForSelectorState.Hidden });
            await tab.Loaded.WaitForAsync();
            await route.FulfillAsync(new() { Body = """{"count":2,"done":1,"failed":0,"continuation":"c"}""" });
        });
        await tab.Button("Stop watching").ClickAsync();
        await tab.AnswerAsync("Stop watching");
        await tab.Page.GetByText("1 of 2 done. Interrupted.").WaitForAsync();
    }

    [Fact]
    public async Task An_action_right_after_typing_is_on_what_was_typed()
    {
        await host.RegisterAsync(Enumerable.Range(0, 2).Select(number => new { source = "media", id = $"z0.typed{number}" }));
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/jobs?state=waiting"));
        await Rows(tab).First.WaitForAsync();
        await tab.Page.GetByLabel("Search jobs", new() { Exact = true }).FillAsync("z0.typed1");
        await tab.Button("Stop watching").ClickAsync();
        Assert.Contains("Stop watching 1 job?", await tab.AnswerAsync("Cancel"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_typed_does_not_change_the_address_of_the_next_page()
    {
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/jobs"));
        await Rows(tab).First.WaitForAsync();
        await tab.Page.GetByLabel("Search jobs", new() { Exact = true }).FillAsync("z0.job00");
        await tab.ShowAsync("#/overview");
        await Task.Delay(400, TestContext.Current.CancellationToken);
        Assert.EndsWith("#/overview", tab.Page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_filter_may_contain_a_question_mark()
    {
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/jobs?key=in/z0.job001?v=2"));
        await tab.Page.GetByText("No job matches.").WaitForAsync();
    }

    [Fact]
    public async Task A_job_that_was_not_found_is_shown_when_it_is_there_again()
    {
        await host.RegisterAsync(new { source = "media", id = "z0.back" });
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/jobs/media/z0.back"));
        await tab.Loaded.WaitForAsync();
        var isGone = true;
        await tab.Page.RouteAsync("**/api/jobs/media/z0.back", route => isGone ? route.FulfillAsync(new() { Status = 404, Body = "{}" }) : route.ContinueAsync());
        await tab.Page.RouteAsync("**/api/jobs", route => route.FulfillAsync(new() { Status = 202, Body = "{}" }));
        await tab.Page.RouteAsync("**/api/jobs/media/z0.back/poll", route => route.FulfillAsync(new() { Body = "{}" }));
        var poll = await tab.Button("Poll now").ElementHandleAsync();
        await poll!.ClickAsync();
        await tab.Page.GetByText("Job not found.").WaitForAsync();
        isGone = false;
        await poll.EvaluateAsync("button => button.click()");
        await tab.Button("Stop watching").WaitForAsync();
    }

    [Fact]
    public async Task The_error_about_a_job_that_was_not_found_ends_when_it_is_there()
    {
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/overview"));
        await tab.Loaded.WaitForAsync();
        var answered = 0;
        await tab.Page.RouteAsync("**/api/jobs/media/z0.coming", route => Interlocked.Increment(ref answered) switch
        {
            1 => route.FulfillAsync(new() { Status = 404, Body = "{}" }),
            2 => route.FulfillAsync(new() { Status = 500, Body = "{}" }),
            _ => route.ContinueAsync(),
        });
        await tab.Page.EvaluateAsync("location.hash = '#/jobs/media/z0.coming'");
        await tab.Page.GetByText("The host had an internal error.").WaitForAsync();
        await host.RegisterAsync(new { source = "media", id = "z0.coming" });
        await tab.Button("Try again").ClickAsync();
        await tab.Button("Stop watching").WaitForAsync();
        Assert.Equal(0, await tab.Page.GetByText("The host had an internal error.").CountAsync());
    }

    [Fact]
    public async Task Metadata_without_a_value_is_shown_and_does_not_link_to_all_jobs()
    {
        await host.RegisterAsync(new { source = "media", id = "z0.empty", metadata = new Dictionary<string, string> { ["note"] = "" } });
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/jobs/media/z0.empty"));
        await tab.Page.Locator("dl.facts.wide").GetByText("note", new() { Exact = true }).WaitForAsync();
        Assert.Equal(0, await tab.Page.Locator("dl.facts.wide a").CountAsync());
    }

    [Fact]
    public async Task Times_are_right_after_the_machine_slept()
    {
        await host.RegisterAsync(new { source = "media", id = "z0.slept" });
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/jobs/media/z0.slept"));
        await tab.Loaded.WaitForAsync();

        // While some machines sleep, performance.now() stands still.
        await tab.Page.EvaluateAsync("() => { const real = Date.now; Date.now = () => real() + 8 * 3600000; document.dispatchEvent(new Event('visibilitychange')); }");
        await tab.Page.Locator("main time").GetByText("8 h ago").First.WaitForAsync();
    }

    private static ILocator Rows(Tab tab) => tab.Page.Locator("table.jobs tbody tr");
}
