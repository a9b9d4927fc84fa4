import { readScene } from "./scene/read";

void readScene;
