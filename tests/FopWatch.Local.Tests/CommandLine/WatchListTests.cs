using FopWatch.Contracts;
using FopWatch.Local.CommandLine;

namespace FopWatch.Local.Tests.CommandLine;

/// <summary>The keys of the full-screen <c>watch</c>, tested without a screen.</summary>
public sealed class WatchListTests
{
    private readonly WatchList _list = new();

    [Fact]
    public void The_selection_follows_the_newest_event_until_the_user_moves_it()
    {
        Add("a", "b");
        Assert.Equal(1, _list.SelectedIndex);

        Press('k');
        Add("c");
        Assert.Equal((0, false), (_list.SelectedIndex, _list.Follows));

        Press('G');
        Add("d");
        Assert.Equal((3, true), (_list.SelectedIndex, _list.Follows));

        Press('g');
        Assert.Equal(0, _list.SelectedIndex);
    }

    [Fact]
    public void Keys_act_on_the_selected_job_and_a_republication_asks_for_confirmation()
    {
        Add("a", "b");
        Press('k');

        Assert.Equal(new(WatchRequestKind.Poll, "media", "a"), Press('p'));
        Assert.Null(Press('r'));
        Assert.Equal("a", _list.Asked?.Data.Id);
        Assert.Null(Press('n'));
        Assert.Null(_list.Asked);
        Press('r');
        Assert.Equal(new(WatchRequestKind.Republish, "media", "a"), Press('y'));
        Assert.Equal(new(WatchRequestKind.Quit), Press('q'));
    }

    [Fact]
    public void Details_are_loaded_and_loaded_again_when_another_job_is_selected()
    {
        Add("a", "b");

        Assert.Equal(new(WatchRequestKind.Show, "media", "b"), Press('d'));
        Add("c");
        Assert.Equal(1, _list.SelectedIndex);
        Assert.Equal(new(WatchRequestKind.Show, "media", "a"), Press('k'));
        Assert.Null(Press('d'));
        Assert.False(_list.ShowsDetails);
    }

    [Fact]
    public void A_filter_keeps_matching_events_and_keys_are_letters_while_it_is_typed()
    {
        Add("lesson-1", "quiz-1", "lesson-2");

        Type("/quiz");
        Assert.Equal("quiz", _list.Typed);
        Assert.Equal(["quiz-1"], _list.Visible.Select(one => one.Data.Id));
        Assert.Equal(0, _list.SelectedIndex);
        Press('\r', ConsoleKey.Enter);
        Assert.Null(_list.Typed);
        Assert.Equal(new(WatchRequestKind.Poll, "media", "quiz-1"), Press('p'));

        // The first Escape discards what was typed, the second removes the filter.
        Type("/zzz");
        Press('\u001b', ConsoleKey.Escape);
        Assert.Equal("quiz", _list.Filter);
        Press('\u001b', ConsoleKey.Escape);
        Assert.Equal(3, _list.Visible.Count);
    }

    [Fact]
    public void Only_the_newest_events_are_kept_and_keys_without_an_event_do_nothing()
    {
        foreach (var key in "kjgGdpr/\r")
            Assert.Null(Press(key, key == '\r' ? ConsoleKey.Enter : ConsoleKey.None));
        Add([.. Enumerable.Range(0, WatchList.Kept + 5).Select(number => $"{number}")]);

        Assert.Equal(WatchList.Kept, _list.Count);
        Assert.Equal("5", _list.Visible[0].Data.Id);
    }

    private void Add(params IEnumerable<string> ids)
    {
        foreach (var id in ids)
        {
            _list.Add(new()
            {
                Id = id,
                Type = JobEvent.SettledType,
                Source = "/fopwatch/media",
                Subject = id,
                Time = DateTimeOffset.UnixEpoch,
                Data = new()
                {
                    Source = "media",
                    Id = id,
                    Provider = ProviderKind.Qiniu,
                    State = JobState.Succeeded,
                    Settled = true,
                    Counts = new(1, 1, 0, 0),
                    RegisteredAt = DateTimeOffset.UnixEpoch,
                    UpdatedAt = DateTimeOffset.UnixEpoch,
                    Version = 1,
                },
            });
        }
    }

    private void Type(string text)
    {
        foreach (var key in text)
            Press(key);
    }

    private WatchRequest? Press(char character, ConsoleKey key = ConsoleKey.None) => _list.Press(new(character, key, false, false, false));
}
