using FopWatch.Diagnosis;
using FopWatch.Jobs;

namespace FopWatch.Core.Tests.Diagnosis;

public class TroublesTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly Written _log = new();
    private readonly Troubles _troubles;

    public TroublesTests() => _troubles = new(_log, _time);

    [Fact]
    public void A_trouble_is_logged_immediately_and_then_every_five_minutes_with_its_count()
    {
        for (var second = 0; second <= 600; second++)
        {
            _troubles.Occurred("media", TroubleKind.StatusApiUnreachable, $"HTTP 503");
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(["warn media 1", "warn media 301", "warn media 601"], _log.Lines);
    }

    [Fact]
    public void A_failure_of_the_store_is_a_trouble_of_the_installation()
    {
        _troubles.StoreFailed("The store is unavailable: {disk} is full.");

        var trouble = Assert.Single(_troubles.Current);
        Assert.Equal((null, TroubleKind.StoreUnavailable, "The store is unavailable: {disk} is full."), (trouble.Source, trouble.Kind, trouble.Detail?.ToString()));
    }

    [Fact]
    public void A_clock_that_was_ahead_silences_no_warning_and_ends_no_trouble()
    {
        _time.Ahead = TimeSpan.FromDays(365);
        _troubles.Occurred("media", TroubleKind.StatusApiUnreachable);
        _time.Ahead = TimeSpan.Zero;

        _time.Advance(Troubles.WarnEvery);
        _troubles.Occurred("media", TroubleKind.StatusApiUnreachable);
        _troubles.Worked("media", TroubleKind.StatusApiUnreachable);
        Assert.Equal(["warn media 1", "warn media 2"], _log.Lines);

        _time.Advance(Troubles.Quiet);
        _troubles.Check();
        Assert.Equal(["warn media 1", "warn media 2", "over media 2 in 300"], _log.Lines);

        // Nor does a clock that jumps ahead.
        _troubles.Occurred("media", TroubleKind.StatusApiUnreachable);
        _time.Ahead = TimeSpan.FromDays(365);
        _troubles.Check();
        Assert.Single(_troubles.Current);
    }

    [Fact]
    public void A_trouble_that_is_over_is_not_current_even_without_a_check()
    {
        _troubles.Occurred(null, TroubleKind.StoreUnavailable);
        Assert.Single(_troubles.Current);

        _troubles.Worked(null, TroubleKind.StoreUnavailable);
        _time.Advance(Troubles.Quiet);

        Assert.Empty(_troubles.Current);
    }

    [Fact]
    public void A_trouble_is_over_after_a_success_and_a_quiet_minute()
    {
        _troubles.Occurred("media", TroubleKind.StatusApiUnreachable);
        _time.Advance(TimeSpan.FromSeconds(90));
        _troubles.Occurred("media", TroubleKind.StatusApiUnreachable);
        _troubles.Worked("media", TroubleKind.StatusApiUnreachable);
        _troubles.Check();
        Assert.Single(_troubles.Current);

        _time.Advance(Troubles.Quiet);
        _troubles.Check();
        _troubles.Check();

        Assert.Equal(["warn media 1", "over media 2 in 90"], _log.Lines);
        Assert.Empty(_troubles.Current);
    }

    [Fact]
    public void A_success_after_a_quiet_minute_ends_a_trouble_without_a_check()
    {
        _troubles.Occurred("media", TroubleKind.StatusApiUnreachable);
        _time.Advance(Troubles.Quiet);

        _troubles.Worked("media", TroubleKind.StatusApiUnreachable);

        Assert.Equal(["warn media 1", "over media 1 in 0"], _log.Lines);
    }

    [Fact]
    public void An_API_that_fails_every_other_time_is_one_trouble()
    {
        for (var i = 0; i < 100; i++)
        {
            _troubles.Occurred("media", TroubleKind.StatusApiUnreachable);
            _troubles.Worked("media", TroubleKind.StatusApiUnreachable);
            _time.Advance(TimeSpan.FromSeconds(6));
        }

        Assert.Equal(["warn media 1", "warn media 51"], _log.Lines);
    }

    [Fact]
    public void A_trouble_that_soon_returns_is_not_logged_more_often()
    {
        for (var i = 0; i < 4; i++)
        {
            _troubles.Occurred("media", TroubleKind.StatusApiUnreachable);
            _time.Advance(TimeSpan.FromSeconds(61));
            _troubles.Worked("media", TroubleKind.StatusApiUnreachable);
            _time.Advance(TimeSpan.FromSeconds(19));
        }

        Assert.Equal(["warn media 1", "over media 1 in 0"], _log.Lines);
    }

    [Fact]
    public void A_check_logs_the_count_since_the_last_warning()
    {
        _troubles.Occurred("media", TroubleKind.WrongSignature);
        _troubles.Occurred("media", TroubleKind.WrongSignature);
        _troubles.Check();
        Assert.Equal(["warn media 1"], _log.Lines);

        _time.Advance(Troubles.WarnEvery);
        _troubles.Check();
        _time.Advance(Troubles.WarnEvery);
        _troubles.Check();

        Assert.Equal(["warn media 1", "warn media 2"], _log.Lines);
    }

    [Fact]
    public void A_trouble_without_evidence_to_the_contrary_is_over_after_a_quiet_hour()
    {
        _troubles.Occurred("media", TroubleKind.WrongToken);
        _time.Advance(Troubles.Forgotten - TimeSpan.FromSeconds(1));
        _troubles.Check();
        Assert.Single(_troubles.Current);

        _time.Advance(TimeSpan.FromSeconds(1));
        _troubles.Check();

        Assert.Equal(["warn media 1", "over media 1 in 0"], _log.Lines);
    }

    [Fact]
    public void A_trouble_that_returns_after_an_hour_is_another_one()
    {
        _troubles.Occurred("media", TroubleKind.WrongToken);
        _time.Advance(Troubles.Forgotten);

        _troubles.Occurred("media", TroubleKind.WrongToken);

        Assert.Equal(["warn media 1", "over media 1 in 0", "warn media 1"], _log.Lines);
    }

    [Fact]
    public void Sources_and_kinds_are_logged_separately()
    {
        _troubles.Occurred("media", TroubleKind.StatusApiUnreachable);
        _troubles.Occurred("other", TroubleKind.StatusApiUnreachable);
        _troubles.Occurred("media", TroubleKind.UnknownIds);
        _troubles.Occurred(null, TroubleKind.PublishingFails);
        _troubles.Worked("nobody", TroubleKind.UnknownIds);

        Assert.Equal(["warn media 1", "warn other 1", "warn media 1", "warn - 1"], _log.Lines);
        Assert.Equal(4, _troubles.Current.Count);
    }

    [Fact]
    public void The_troubles_of_a_source_that_was_removed_are_over()
    {
        _troubles.Occurred("media", TroubleKind.WrongToken);
        _troubles.Occurred("files", TroubleKind.WrongToken);
        _troubles.Occurred(null, TroubleKind.UnknownNotifyUrl);

        _troubles.Forget("media");

        Assert.Equal(["warn media 1", "warn files 1", "warn - 1", "over media 1 in 0"], _log.Lines);
        Assert.Equal(["files", null], _troubles.Current.Select(trouble => trouble.Source));
    }

    [Fact]
    public void A_trouble_that_the_caller_logs_is_warned_of_only_when_it_occurs_again_after_five_minutes()
    {
        _troubles.Occurred(null, TroubleKind.SettingsWrong, isLogged: true);
        _troubles.Occurred(null, TroubleKind.SettingsWrong, isLogged: true);
        _time.Advance(Troubles.WarnEvery);
        _troubles.Check();
        Assert.Empty(_log.Lines);

        _troubles.Occurred(null, TroubleKind.SettingsWrong);
        _troubles.Ended(TroubleKind.SettingsWrong);

        Assert.Equal(["warn - 3", "over - 3 in 300"], _log.Lines);
    }

    [Fact]
    public void A_wrong_signature_points_to_the_public_URL()
    {
        _troubles.Occurred("media", TroubleKind.WrongSignature);

        Assert.Contains("FopWatch:PublicUrl", Assert.Single(_troubles.Current).Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_kind_has_its_own_words_and_hint()
    {
        var troubles = Enum.GetValues<TroubleKind>().Select(kind => new Trouble { Source = "media", Kind = kind, Since = default, LastAt = default, Count = 1 }).ToList();

        Assert.Distinct(troubles.Select(trouble => trouble.What.ToString()));
        Assert.Distinct(troubles.Select(trouble => trouble.Hint.ToString()));
    }

    private sealed class Written : IOperatorLog
    {
        public List<string> Lines { get; } = [];

        public void Settled(Job job, JobReferences references) => Assert.Fail("No job settled.");

        public void Warn(Trouble trouble) => Lines.Add($"warn {trouble.Source ?? "-"} {trouble.Count}");

        public void Over(Trouble trouble, TimeSpan lasted) => Lines.Add($"over {trouble.Source ?? "-"} {trouble.Count} in {lasted.TotalSeconds}");
    }
}
