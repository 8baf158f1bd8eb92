"""Places are shared out fairly between jobs."""

import asyncio
import threading
import time
from collections import Counter
from contextlib import suppress

from leakdog.config.schema import Backend, Config, DetectionConfig, GlobalConfig, Preset, ScrapeConfig, StorageConfig
from leakdog.detect.settings import settings_for
from leakdog.fetch.http import HttpClient
from leakdog.model import Kind, Target, TargetKey
from leakdog.pipeline.explain import Explainer
from leakdog.pipeline.gather import Gatherer
from leakdog.pipeline.room import FEW, Room
from leakdog.pipeline.state import Fleet, Watched
from leakdog.pipeline.watch import Pipeline
from leakdog.schedule import Schedule
from leakdog.store import open_store


async def take(room: Room, job: str, order: list[str], leave: asyncio.Event) -> None:
    """Have a place until told to leave."""
    async with room.place(job):
        order.append(job)
        await leave.wait()


async def fill(room: Room, *jobs: str) -> tuple[list[str], asyncio.Event, list[asyncio.Task[None]]]:
    """All of these ask for a place; who has got one by now, and how to make them leave."""
    order: list[str] = []
    leave = asyncio.Event()
    tasks = [asyncio.create_task(take(room, job, order, leave)) for job in jobs]
    await asyncio.sleep(0.01)
    return order, leave, tasks


async def test_one_job_leaves_places_to_others() -> None:
    """Of eight places a job has six at most where there are others, and the others get the rest at once."""
    order, leave, tasks = await fill(Room(8, jobs=2), *["slow"] * 20, "quick", "quick", "quick")
    assert Counter(order) == {"slow": 6, "quick": 2}
    leave.set()
    await asyncio.gather(*tasks)
    assert len(order) == 23


async def test_a_job_that_is_alone_has_all_places() -> None:
    """Nothing is kept for nobody."""
    order, leave, tasks = await fill(Room(8, jobs=1), *["only"] * 9)
    assert len(order) == 8
    leave.set()
    await asyncio.gather(*tasks)


async def test_the_next_free_place_goes_to_who_has_fewest() -> None:
    """Though a job came late and another has a queue, its turn is next."""
    room = Room(4, jobs=3)
    order, leave, tasks = await fill(room, *["one"] * 3, "two")
    more, leave_too, others = await fill(room, *["one"] * 5, "two", "three")
    leave.set()
    await asyncio.gather(*tasks)
    await asyncio.sleep(0)
    assert (order, sorted(more[:3])) == (["one", "one", "one", "two"], ["one", "three", "two"])
    leave_too.set()
    await asyncio.gather(*others)


async def busy(turn_seconds: float) -> None:
    """Work that leaves the loop to others once in so long."""
    while True:
        time.sleep(turn_seconds)  # that is what keeps a loop busy
        await asyncio.sleep(0)


async def test_a_busy_process_begins_no_more_than_few() -> None:
    """Those that have begun end in time, the others take their turns; once there is time again, all may begin."""
    work = asyncio.create_task(busy(0.003))
    order, leave, tasks = await fill(Room(64, jobs=1), *["only"] * 40)
    await asyncio.sleep(0.2)
    assert len(order) == FEW
    for task in tasks[:5]:
        task.cancel()
    await asyncio.sleep(0.2)
    assert len(order) == FEW + 5
    work.cancel()
    await asyncio.sleep(0.2)
    assert len(order) == 40
    leave.set()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_busy_process_is_fair_between_jobs() -> None:
    """A job of a single target does not wait behind the forty of another one that came before it."""
    work = asyncio.create_task(busy(0.003))
    order, leave, tasks = await fill(Room(64, jobs=2), *["many"] * 40, "few")
    for task in tasks[:2]:
        task.cancel()
    await asyncio.sleep(0.1)
    assert "few" in order[: FEW + 1]
    work.cancel()
    leave.set()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_nobody_keeps_places_that_nobody_waits_for() -> None:
    """Once all who waited in a busy process have given up, nothing of the room goes on."""
    work = asyncio.create_task(busy(0.003))
    _, _, tasks = await fill(Room(64, jobs=1), *["only"] * 40)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0.1)
    assert asyncio.all_tasks() == {work, asyncio.current_task()}
    work.cancel()


async def test_threads_that_compute_keep_no_pass_waiting() -> None:
    """They slow the loop down, but leave it time: forty targets that hang do not hold up others meanwhile."""
    over = threading.Event()

    def compute() -> None:
        while not over.is_set():
            sum(range(1000))

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        order, leave, tasks = await fill(Room(64, jobs=1), *["only"] * 40)
        await asyncio.sleep(1)
        assert len(order) == 40
    finally:
        over.set()
        thread.join()
    leave.set()
    await asyncio.gather(*tasks)


async def test_passes_that_wait_for_their_targets_leave_time_for_others() -> None:
    """Sixty targets that hang cost this process nothing, so all have begun."""
    order, leave, tasks = await fill(Room(64, jobs=1), *["only"] * 60)
    assert len(order) == 60
    leave.set()
    await asyncio.gather(*tasks)


async def test_who_gives_up_leaves_its_place() -> None:
    """Neither a pass that is cancelled in its place nor one that is cancelled while it waits takes one for ever."""
    room = Room(1, jobs=1)
    _, _, tasks = await fill(room, "one", "one", "one")
    for task in tasks[:2]:
        task.cancel()
    await asyncio.gather(*tasks[:2], return_exceptions=True)
    async with asyncio.timeout(1):
        tasks[2].cancel()
        await asyncio.gather(tasks[2], return_exceptions=True)
        async with room.place("one"):
            pass


async def test_targets_that_hang_cost_healthy_ones_no_slots(pages: dict[str, bytes]) -> None:
    """Sixty listeners that never answer, on four places, and a healthy job keeps 95 % of its slots."""
    config = Config(
        global_=GlobalConfig(scrape_interval=1.0, scrape_timeout=1.0, max_concurrent_scrapes=4),
        storage=StorageConfig(backend=Backend.MEMORY),
        detection=DetectionConfig(preset=Preset.SOAK),
        scrape_configs=(
            ScrapeConfig(job_name="hanging", profiles=(Kind.HEAP,)),
            ScrapeConfig(job_name="healthy", profiles=(Kind.GOROUTINE,), metrics_path=""),
        ),
    )

    writers: list[asyncio.StreamWriter] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        body = pages["/debug/pprof/goroutine"]
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with suppress(ConnectionError):
            await reader.read()

    async with (
        await asyncio.start_server(answer, "0.0.0.0", 0) as good,
        await asyncio.start_server(hang, "0.0.0.0", 0) as bad,
    ):
        ports = {"healthy": good.sockets[0].getsockname()[1], "hanging": bad.sockets[0].getsockname()[1]}
        counts = {"healthy": 10, "hanging": 60}
        store = open_store(config.storage)
        fleet = Fleet()
        schedule = Schedule(lambda why: None)
        ends = time.time() + 8
        async with HttpClient() as client:
            gatherer = Gatherer(client, config, time.time)
            settings = settings_for(config.detection)
            pipeline = Pipeline(fleet, config, settings, gatherer, Explainer(fleet, store, gatherer), store, time.time)
            good_slots: Counter[str] = Counter()
            running: list[asyncio.Task[object]] = []

            def job_of(watched: Watched) -> object:
                async def run(slot: float) -> None:
                    task = asyncio.current_task()
                    assert task is not None
                    running.append(task)
                    if slot < ends:
                        await pipeline.scrape(watched, slot)
                        good_slots[watched.key.job] += watched.up is True

                return run

            for job in config.scrape_configs:
                for number in range(counts[job.job_name]):
                    where = f"127.0.0.{number + 2}:{ports[job.job_name]}"
                    key = TargetKey(job.job_name, where)
                    watched = fleet.targets[key] = Watched(Target(key, base_url=f"http://{where}"), job)
                    schedule.put(str(key), 1.0, job_of(watched))
            schedule.start()
            await asyncio.sleep(9)
            schedule.stop()
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        await store.close()
        for writer in writers:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)
    assert good_slots["hanging"] == 0
    assert good_slots["healthy"] >= 0.95 * 8 * counts["healthy"]
